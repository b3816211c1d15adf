import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { type Bearer, digestOf } from '../tokens.ts';
import { JsonWebKeys, KeysUnavailable } from './json-web-keys.ts';

/** One of the first three says by what tokens are checked. */
export interface JwtOptions {
  readonly secret?: string | undefined;
  /** PEM: a public key (SPKI) or a certificate. */
  readonly publicKeyFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly roleClaim: string;
  readonly adminRole: string;
  readonly viewerRole?: string | undefined;
}

export type JwtOutcome =
  | { readonly bearer: Bearer; readonly endsMs: number }
  /** `isGuess`: nobody signed this, so it counts as a wrong credential. */
  | { readonly status: 401 | 403 | 503; readonly problem: string; readonly isGuess: boolean };

export interface JwtCheck {
  /** Changes with what makes a token valid and with who may do what. */
  readonly id: string;
  check(token: string): Promise<JwtOutcome>;
}

/** Seconds by which the clock of whoever signs may be off. */
const clockToleranceSeconds = 5;

/**
 * Checks JSON Web Tokens of another service (RFC 7519, by RFC 8725). Which algorithms are taken follows from the kind
 * of key that is configured, never from the token: one signed with the text of a public key as if it were a secret,
 * or not at all, is wrong. A token must say when it ends.
 *
 * Throws AgentError HTTP_FAILED when the key file cannot be used.
 */
export async function createJwtCheck(
  options: JwtOptions,
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<JwtCheck> {
  const { key, algorithms, text } = await keyOf(options, parts);
  const { issuer, audience, roleClaim, adminRole, viewerRole } = options;
  return {
    id: digestOf(JSON.stringify([text, issuer, audience, roleClaim, adminRole, viewerRole])),
    check: async (token) => {
      const { jwtVerify } = await import('jose');
      const claims = {
        algorithms: [...algorithms],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(parts.clock.now()),
        requiredClaims: ['exp'],
        ...(issuer !== undefined && { issuer }),
        ...(audience !== undefined && { audience }),
      };
      try {
        const { payload } =
          typeof key === 'function'
            ? await jwtVerify(token, key, claims)
            : await jwtVerify(token, key, claims);
        return outcomeOf(payload, options);
      } catch (error) {
        return refusalOf(error, parts.log);
      }
    },
  };
}

interface Key {
  readonly key: KeyObject | Uint8Array | JWTVerifyGetKey;
  readonly algorithms: readonly string[];
  /** What the key is told apart by. */
  readonly text: string;
}

const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const curves: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

async function keyOf(
  { secret, publicKeyFile, jwksUrl }: JwtOptions,
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<Key> {
  if (secret !== undefined) {
    return { key: Buffer.from(secret), algorithms: ['HS256', 'HS384', 'HS512'], text: secret };
  }
  if (jwksUrl !== undefined) {
    const algorithms = [...rsa, ...Object.values(curves), 'EdDSA', 'Ed25519'];
    return { key: new JsonWebKeys(jwksUrl, parts).find, algorithms, text: jwksUrl };
  }
  try {
    const text = await readFile(publicKeyFile!, 'utf8');
    if (text.includes('PRIVATE KEY')) throw new Error('it holds a private key, where the public one belongs');
    const key = createPublicKey(text);
    return { key, algorithms: algorithmsOf(key), text };
  } catch (cause) {
    const message = `http.auth.jwt.publicKeyFile: ${messageOf(cause)}`;
    throw new AgentError('HTTP_FAILED', message, { cause });
  }
}

function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string[] {
  if (type === 'rsa' || type === 'rsa-pss') {
    if ((details?.modulusLength ?? 0) < 2048) throw new Error('an RSA key needs 2048 bits or more');
    return type === 'rsa' ? rsa : rsa.slice(3);
  }
  if (type === 'ed25519') return ['EdDSA', 'Ed25519'];
  const algorithm = type === 'ec' ? curves[details?.namedCurve ?? ''] : undefined;
  if (algorithm === undefined) throw new Error('expected an RSA, P-256, P-384, P-521 or Ed25519 key');
  return [algorithm];
}

function outcomeOf(payload: JWTPayload, { roleClaim, adminRole, viewerRole }: JwtOptions): JwtOutcome {
  const held = [Object.hasOwn(payload, roleClaim) ? payload[roleClaim] : undefined].flat();
  const role = held.includes(adminRole)
    ? 'admin'
    : viewerRole !== undefined && held.includes(viewerRole)
      ? 'viewer'
      : undefined;
  if (!role) {
    const wanted = viewerRole === undefined ? `"${adminRole}"` : `"${adminRole}" or "${viewerRole}"`;
    const problem = `the token's claim "${roleClaim}" must be ${wanted}`;
    return { status: 403, problem, isGuess: false };
  }
  const name = [payload.name, payload.email, payload.sub].find(
    (one) => typeof one === 'string' && one !== '',
  );
  return { bearer: { name: String(name ?? 'jwt').slice(0, 64), role }, endsMs: payload.exp! * 1000 };
}

async function refusalOf(error: unknown, log: Log): Promise<JwtOutcome> {
  const { errors } = await import('jose');
  if (error instanceof KeysUnavailable) return { status: 503, problem: error.message, isGuess: false };
  const reason = messageOf(error);
  log.debug(`http: a JSON Web Token was refused: ${reason}`);
  // Claims are looked at after the signature: who hears of them has a token that was really signed.
  if (error instanceof errors.JWTExpired)
    return { status: 401, problem: 'the token has expired', isGuess: false };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { status: 401, problem: `the token is not meant for this: ${reason}`, isGuess: false };
  }
  return { status: 401, problem: 'the token is not valid', isGuess: true };
}
