import { z } from 'zod';
import { isAllowedHost } from './target-guard.ts';

/**
 * Keys that several receivers have, with Alertmanager's names and defaults. Where there is a key `X_file` beside `X`, the
 * text of the file takes the place of `X` when the file is loaded: notifiers look at `X` only.
 */

/** A text that never shows: not in logs, not in answers. */
export function secret(description: string) {
  return z.string().min(1).optional().meta({ secret: true, description });
}

/** What may stand in a header. Source: RFC 9110, 5.5. */
const headerText = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, {
  error: 'a header holds no line breaks and no letters beyond Latin-1',
});

/** A secret that is sent in a header. */
function headerSecret(description: string) {
  return headerText.min(1).optional().meta({ secret: true, description });
}

/** Name of a file whose text takes the place of another key. */
export function file(description: string) {
  return z.string().min(1).optional().meta({ path: true, description });
}

/** A text that may hold a template. */
export function template(description: string) {
  return z.string().optional().describe(description);
}

/** `send_resolved` with the default of the receiver. */
export function sendResolved(byDefault: boolean) {
  return z.boolean().prefault(byDefault).describe('Whether the end of alerts is told too.');
}

/** Where to send: checked here as far as it can be told without looking the name up. */
export function url(description: string) {
  return z
    .string()
    .superRefine((text, context) => {
      const problem = urlProblem(text);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    })
    .optional()
    .meta({ secret: true, description });
}

const tlsVersion = z.enum(['TLS12', 'TLS13']);

export const tlsConfig = z
  .strictObject({
    ca: z.string().min(1).optional().describe('Certificates of the authorities to trust, as PEM.'),
    ca_file: file('File that holds them.'),
    cert: z.string().min(1).optional().describe('Certificate to show, as PEM.'),
    cert_file: file('File that holds it.'),
    key: secret('Key of that certificate, as PEM.'),
    key_file: file('File that holds it.'),
    server_name: z
      .string()
      .min(1)
      .optional()
      .describe('Name that the certificate must have, if not the host.'),
    insecure_skip_verify: z.boolean().prefault(false).describe('Trust any certificate.'),
    min_version: tlsVersion.optional().describe('Oldest version of TLS to speak.'),
    max_version: tlsVersion.optional().describe('Newest version of TLS to speak.'),
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'ca', 'cert', 'key');
    const hasCert = options.cert !== undefined || options.cert_file !== undefined;
    const hasKey = options.key !== undefined || options.key_file !== undefined;
    if (hasCert !== hasKey)
      context.addIssue({ code: 'custom', path: ['cert'], message: 'cert and key are given together' });
  });

export type TlsConfig = z.output<typeof tlsConfig>;

const basicAuth = z
  .strictObject({
    username: z.string().min(1).optional().describe('User name.'),
    username_file: file('File that holds it.'),
    password: secret('Password.'),
    password_file: file('File that holds it.'),
  })
  .superRefine((options, context) => onlyOne(options, context, 'username', 'password'));

const authorization = z
  .strictObject({
    type: z
      .string()
      .regex(/^\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+\s*$/, {
        error: 'expected the name of a scheme, such as Bearer',
      })
      .refine((type) => type.trim().toLowerCase() !== 'basic', { error: 'use basic_auth instead' })
      .prefault('Bearer')
      .describe('Scheme before the credentials.'),
    credentials: headerSecret('Credentials.'),
    credentials_file: file('File that holds them.'),
  })
  .superRefine((options, context) => onlyOne(options, context, 'credentials'));

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'expected the name of a header' })
      .refine((name) => !reservedHeaders.includes(name.toLowerCase()), {
        error: 'this header is set by the agent',
      }),
    z.strictObject({
      values: z.array(headerText).max(16).optional().describe('Values.'),
      secrets: z
        .array(headerText.meta({ secret: true }))
        .max(16)
        .optional()
        .describe('Values that never show.'),
    }),
  )
  .optional()
  .describe('Headers to send with each request.');

/** Source: prometheus/common, config/headers.go; `content-length` and what names the connection are ours too. */
const reservedHeaders = [
  ...[
    'authorization',
    'host',
    'content-encoding',
    'content-length',
    'content-type',
    'x-prometheus-remote-write-version',
  ],
  ...[
    'user-agent',
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'www-authenticate',
  ],
  ...['accept-encoding', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect', 'x-nova-notification-id'],
];

/** `http_config` of prometheus/common without proxies, OAuth 2 and HTTP/2: those keys are unknown. */
export const httpConfig = z
  .strictObject({
    basic_auth: basicAuth.optional().describe('User name and password to send.'),
    authorization: authorization.optional().describe('Credentials to send.'),
    bearer_token: headerSecret('Bearer token to send; short for authorization.'),
    bearer_token_file: file('File that holds it.'),
    tls_config: tlsConfig.optional().describe('How to speak TLS.'),
    follow_redirects: z
      .literal(false, { error: 'expected false: redirects are never followed; give the final address' })
      .optional()
      .describe('Redirects are never followed.'),
    http_headers: headers,
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'bearer_token');
    const ways = [
      options.basic_auth,
      options.authorization,
      options.bearer_token ?? options.bearer_token_file,
    ].filter((way) => way !== undefined);
    if (ways.length > 1) {
      const message = 'give one of basic_auth, authorization and bearer_token';
      context.addIssue({ code: 'custom', path: ['authorization'], message });
    }
  });

export type HttpConfig = z.output<typeof httpConfig>;

/** Refuses each of the `keys` that is given together with its file. */
export function onlyOne(
  options: Readonly<Record<string, unknown>>,
  context: z.core.$RefinementCtx,
  ...keys: readonly string[]
): void {
  for (const key of keys) {
    if (options[key] === undefined || options[`${key}_file`] === undefined) continue;
    context.addIssue({
      code: 'custom',
      path: [`${key}_file`],
      message: `give ${key} or ${key}_file, not both`,
    });
  }
}

/** Refuses the absence of both `key` and its file; `elsewhere` says where else it may be given. */
export function needed(
  options: Readonly<Record<string, unknown>>,
  context: z.core.$RefinementCtx,
  key: string,
  elsewhere = '',
): void {
  if (options[key] !== undefined || options[`${key}_file`] !== undefined) return;
  context.addIssue({ code: 'custom', path: [key], message: `missing ${key} (or ${key}_file)${elsewhere}` });
}

function urlProblem(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.hostname === '')
    return 'expected a URL that begins with http:// or https://';
  if (/%(?![0-9a-fA-F]{2})/.test(parsed.username + parsed.password))
    return 'user name and password in a URL are percent-encoded: write % as %25';
  if (!isAllowedHost(parsed.hostname))
    return 'link-local, multicast, unspecified and metadata addresses are refused';
  return '';
}
