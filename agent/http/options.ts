import { z } from 'zod';

const path = () => z.string().min(1).meta({ path: true });

const httpToken = z.strictObject({
  name: z.string().min(1).max(64).describe('Who holds the token; shown instead of it.'),
  role: z.enum(['admin', 'viewer']).describe('What the holder may do: admin everything, viewer only read.'),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{16,512}$/, {
      error: 'expected a token of 16 to 512 visible ASCII characters, without spaces',
    })
    .meta({ secret: true })
    .describe('The token itself; better given by tokenFile or a variable.'),
  tokenFile: path().optional().describe('File that holds the token.'),
});

/** Whether nobody on the way can change what comes from there. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname))
  );
}

const jwt = z
  .strictObject({
    secret: z
      .string()
      .min(32, { error: 'expected a secret of at least 32 characters, as HS256 needs' })
      .meta({ secret: true })
      .optional()
      .describe('Shared secret that signs the tokens (HS256, HS384, HS512).'),
    secretFile: path().optional().describe('File that holds the shared secret.'),
    publicKeyFile: path()
      .optional()
      .describe(
        'Public key or certificate (PEM) of whoever signs the tokens (RS, PS, ES with the curve of the key, EdDSA).',
      ),
    jwksUrl: z
      .string()
      .refine(isSafeUrl, {
        error: 'expected an https URL, or an http one of this machine: keys must not be changed on their way',
      })
      .optional()
      .describe('Where the public keys are fetched (JWKS), on first use and then every ten minutes.'),
    issuer: z.string().min(1).optional().describe('Required value of the claim `iss`.'),
    audience: z.string().min(1).optional().describe('Required value of the claim `aud`.'),
    roleClaim: z.string().min(1).prefault('role').describe('Claim that holds the role.'),
    adminRole: z
      .string()
      .min(1)
      .prefault('admin')
      .describe('Value of that claim that makes an administrator.'),
    viewerRole: z.string().min(1).optional().describe('Value of that claim that may read.'),
  })
  .superRefine((options, context) => {
    const given = [options.secret, options.publicKeyFile, options.jwksUrl].filter((one) => one !== undefined);
    if (given.length !== 1)
      context.addIssue({
        code: 'custom',
        message: 'give one of secret, secretFile, publicKeyFile and jwksUrl',
      });
  });

const tls = z.strictObject({
  certFile: path().describe('Certificate with its chain (PEM).'),
  keyFile: path().describe('Private key of the certificate (PEM).'),
});

const auth = z.strictObject({
  tokens: z
    .array(httpToken)
    .max(64)
    .superRefine((tokens, context) => {
      tokens.forEach(({ name }, i) => {
        if (tokens.findIndex((other) => other.name === name) !== i)
          context.addIssue({
            code: 'custom',
            path: [i, 'name'],
            message: `another token has the name "${name}"; give each its own`,
          });
      });
    })
    .prefault([])
    .describe('Bearer tokens; without any and without jwt one is made and kept in the data directory.'),
  jwt: jwt.optional().describe('Accept the service’s own JSON Web Tokens.'),
});

const enabledHttp = z.strictObject({
  host: z
    .string()
    .regex(/^([A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9]+)?)$/, {
      error: 'expected a host name or an IP address without port or brackets',
    })
    .prefault('127.0.0.1')
    .describe('Address to listen on.'),
  hosts: z
    .array(
      z.string().regex(/^[A-Za-z0-9._-]{1,253}$/, { error: 'expected a host name without scheme and port' }),
    )
    .max(32)
    .prefault([])
    .describe(
      'Further host names that it answers to, such as that of a proxy before it. Without any, a server that is not on loopback answers to every name.',
    ),
  origins: z
    .array(
      z.string().regex(/^https?:\/\/[a-z0-9.[\]:-]{1,253}$/, {
        error: 'expected an origin as browsers send it, such as https://crm.example',
      }),
    )
    .max(32)
    .prefault([])
    .describe(
      'Origins of other web pages whose scripts may ask with a token (CORS), such as `https://crm.example`.',
    ),
  port: z.int().min(0).max(65_535).prefault(7070).describe('TCP port to listen on; 0 takes any free one.'),
  auth: auth.prefault({}).describe('Who may ask; everything but /health and /ready needs a token.'),
  tls: tls.optional().describe('Serve HTTPS.'),
});

export const httpOptions = z
  .union([z.literal(false), enabledHttp])
  .prefault({})
  .describe('The monitoring API; false switches it off.');

/** What the HTTP server gets when it is switched on. */
export type HttpOptions = z.output<typeof enabledHttp>;
