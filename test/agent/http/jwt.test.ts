import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { httpOptions } from '../../../agent/http/options.ts';
import { adminToken, now, type RunningServer, startHttp, testFolder } from './running-server.ts';
import '../../support/watchdog.ts';

const secret = 'a secret of the service, 32 bytes or more';
const seconds = Math.floor(now / 1000);
const claims = { sub: '7', name: 'Ada', role: 'admin', iss: 'crm', aud: 'mon', exp: seconds + 60 };

interface Signing {
  readonly alg?: string;
  readonly kid?: string;
  readonly key?: KeyObject | Uint8Array;
}

function signed(payload: JWTPayload, { alg = 'HS256', kid, key = Buffer.from(secret) }: Signing = {}) {
  return new SignJWT(payload).setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(key);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token with an HMAC of ours, whatever its header says: libraries refuse to make some of these. */
function forged(header: object, payload: object, key: string | Buffer): string {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

function withJwt(t: TestContext, jwt: object, clock: object = {}): Promise<RunningServer> {
  return startHttp(t, { options: { auth: { tokens: [], jwt } }, clock });
}

async function askWith({ ask }: RunningServer, token: string) {
  const answer = await ask('/api/session', { headers: { authorization: `Bearer ${token}` } });
  return { ...answer, ...(answer.json as { message: string; name: string; role: string }) };
}

test('a token of the service with the role admin opens the API under its name', async (t) => {
  const server = await withJwt(t, { secret });
  const answer = await askWith(server, await signed(claims));
  assert.equal(answer.status, 200);
  assert.deepEqual([answer.name, answer.role], ['Ada', 'admin']);
});

test('such a token works beside configured ones, and opens a session that ends with it', async (t) => {
  const tokens = [{ name: 'ops', role: 'admin', token: adminToken }];
  const { ask, askAsAdmin } = await startHttp(t, { options: { auth: { tokens, jwt: { secret } } } });
  assert.equal((await askAsAdmin('/api/session')).status, 200);
  const body = JSON.stringify({ token: await signed(claims) });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await ask('/api/session', { method: 'POST', headers, body });
  assert.match(answer.headers['set-cookie']![0]!, /Max-Age=59;/);
});

const refused: readonly [
  what: string,
  token: () => Promise<string> | string,
  status: number,
  said: RegExp,
][] = [
  ['has expired', () => signed({ ...claims, exp: seconds - 6 }), 401, /expired/],
  ['never ends', () => signed({ ...claims, exp: undefined }), 401, /"exp"/],
  ['is not valid yet', () => signed({ ...claims, nbf: seconds + 60 }), 401, /"nbf"/],
  ['is of another issuer', () => signed({ ...claims, iss: 'evil' }), 401, /"iss"/],
  ['is for another audience', () => signed({ ...claims, aud: 'shop' }), 401, /"aud"/],
  ['is signed with another secret', () => signed(claims, { key: randomBytes(32) }), 401, /not valid/],
  ['is not signed', () => `${part({ alg: 'none' })}.${part(claims)}.`, 401, /not valid/],
  ['has alg None', () => forged({ alg: 'None' }, claims, secret), 401, /not valid/],
  ['has no alg', () => forged({}, claims, secret), 401, /not valid/],
  ['says it is RS256', () => forged({ alg: 'RS256' }, claims, secret), 401, /not valid/],
  [
    'has an unknown crit',
    () => forged({ alg: 'HS256', crit: ['x'], x: 1 }, claims, secret),
    401,
    /not valid/,
  ],
  [
    'brings its own key',
    () => forged({ alg: 'HS256', jwk: { kty: 'oct', k: 'eHg' } }, claims, 'xx'),
    401,
    /not valid/,
  ],
  ['is of a user', () => signed({ ...claims, role: 'user' }), 403, /"role" must be "admin"/],
  ['has no role', () => signed({ ...claims, role: undefined }), 403, /"role" must be/],
  ['has a role that is no text', () => signed({ ...claims, role: { admin: 1 } }), 403, /"role"/],
];

for (const [what, token, status, said] of refused) {
  test(`a token that ${what} is refused with ${status}`, async (t) => {
    const server = await withJwt(t, { secret, issuer: 'crm', audience: 'mon' });
    const answer = await askWith(server, await token());
    assert.equal(answer.status, status);
    assert.match(answer.message, said);
  });
}

test('a token whose payload was changed is refused', async (t) => {
  const server = await withJwt(t, { secret });
  const [head, , signature] = (await signed({ ...claims, role: 'user' })).split('.');
  assert.equal((await askWith(server, `${head}.${part(claims)}.${signature}`)).status, 401);
});

test('roles may be a list, under any claim, and viewers only read', async (t) => {
  const server = await withJwt(t, {
    secret,
    roleClaim: 'https://crm/roles',
    adminRole: 'root',
    viewerRole: 'staff',
  });
  const viewer = await signed({ exp: claims.exp, 'https://crm/roles': ['staff', 'x'] });
  assert.equal((await askWith(server, viewer)).role, 'viewer');
  const headers = { authorization: `Bearer ${viewer}` };
  assert.equal((await server.ask('/api/monitoring/silences/x', { method: 'DELETE', headers })).status, 403);
  const admin = await signed({ exp: claims.exp, 'https://crm/roles': ['staff', 'root'] });
  assert.equal((await askWith(server, admin)).role, 'admin');
});

test('an inherited property is no claim', async (t) => {
  const server = await withJwt(t, { secret, roleClaim: 'constructor', adminRole: 'Object' });
  assert.equal((await askWith(server, await signed(claims))).status, 403);
});

const kinds = [
  ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['PS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['EdDSA', generateKeyPairSync('ed25519')],
] as const;

async function keyFile(t: TestContext, text: string | Buffer): Promise<string> {
  const path = join(await testFolder(t), 'key.pem');
  await writeFile(path, text);
  return path;
}

for (const [alg, { publicKey, privateKey }] of kinds) {
  test(`a token signed with ${alg} is checked by the public key, and never by its text as a secret`, async (t) => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const server = await withJwt(t, { publicKeyFile: await keyFile(t, pem) });
    assert.equal((await askWith(server, await signed(claims, { alg, key: privateKey }))).status, 200);
    const der = publicKey.export({ type: 'spki', format: 'der' });
    for (const key of [pem, String(pem).trim(), der]) {
      for (const header of [{ alg: 'HS256' }, { alg }]) {
        assert.equal((await askWith(server, forged(header, claims, key))).status, 401);
      }
    }
  });
}

for (const [what, text, said] of [
  ['a private key', kinds[2][1].privateKey.export({ type: 'pkcs8', format: 'pem' }), /private key/],
  [
    'a short RSA key',
    generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }),
    /2048 bits/,
  ],
  [
    'a curve that is not for tokens',
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ type: 'spki', format: 'pem' }),
    /P-256/,
  ],
  ['no key', 'hello', /publicKeyFile/],
] as const) {
  test(`${what} as public key is refused at the start`, async (t) => {
    await assert.rejects(
      withJwt(t, { publicKeyFile: await keyFile(t, text) }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'HTTP_FAILED');
        assert.match(error.message, said);
        return true;
      },
    );
  });
}

/** A JWKS address whose answers a test can change, and the number of times it was asked. */
async function keyServer(t: TestContext) {
  const state = { keys: [] as object[], status: 200, asked: 0, body: undefined as string | undefined };
  const server = createServer((_, response) => {
    state.asked++;
    response.writeHead(state.status, { Location: 'http://127.0.0.1:1/' });
    response.end(state.body ?? JSON.stringify({ keys: state.keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json` };
}

/** Of `kinds`: a key that its owner calls `kid`. */
async function publicJwk(at: number, kid: string) {
  return { ...(await exportJWK(kinds[at]![1].publicKey)), kid, use: 'sig' };
}

function signedBy(at: number, kid: string | undefined): Promise<string> {
  const [alg, { privateKey }] = kinds[at]!;
  return signed(claims, { alg, key: privateKey, ...(kid !== undefined && { kid }) });
}

test('keys of a JWKS address are found by their kid, fetched once', async (t) => {
  const { state, url } = await keyServer(t);
  state.keys = [await publicJwk(0, 'a'), await publicJwk(2, 'b')];
  const server = await withJwt(t, { jwksUrl: url });
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 200);
  assert.equal((await askWith(server, await signedBy(2, 'b'))).status, 200);
  assert.equal((await askWith(server, await signedBy(0, 'b'))).status, 401);
  assert.equal((await askWith(server, forged({ alg: 'HS256', kid: 'a' }, claims, 'x'))).status, 401);
  assert.equal(state.asked, 1);
});

test('a kid that is not there is looked for again, but not for every token', async (t) => {
  const time = { ms: 0 };
  const { state, url } = await keyServer(t);
  state.keys = [await publicJwk(0, 'a')];
  const server = await withJwt(t, { jwksUrl: url }, { monotonicMs: () => time.ms });
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 200);
  assert.equal((await askWith(server, await signedBy(2, 'new'))).status, 401);
  state.keys.push(await publicJwk(2, 'new'));
  assert.equal((await askWith(server, await signedBy(2, 'new'))).status, 401);
  assert.equal(state.asked, 1);
  time.ms = 30_000;
  assert.equal((await askWith(server, await signedBy(2, 'new'))).status, 200);
  assert.equal(state.asked, 2);
});

for (const [what, change] of [
  ['answers 500', { status: 500 }],
  ['redirects', { status: 302 }],
  ['answers something else', { body: '<html>' }],
  ['answers without end', { body: ' '.repeat(300_000) }],
] as const) {
  test(`a JWKS address that ${what} is 503, with when to try again, and no failed login`, async (t) => {
    const { state, url } = await keyServer(t);
    Object.assign(state, change);
    const server = await withJwt(t, { jwksUrl: url });
    for (let i = 0; i < 25; i++) {
      const answer = await askWith(
        server,
        await signed({ ...claims, jti: String(i) }, { alg: 'ES256', key: kinds[2][1].privateKey, kid: 'a' }),
      );
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], '30');
    }
    assert.equal(state.asked, 1);
    assert.ok(server.logLines.some((line) => line.includes(`the keys of ${url} cannot be fetched`)));
  });
}

test('known keys are good for an hour while the address does not answer', async (t) => {
  const time = { ms: 0 };
  const { state, url } = await keyServer(t);
  state.keys = [await publicJwk(0, 'a')];
  const server = await withJwt(t, { jwksUrl: url }, { monotonicMs: () => time.ms });
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 200);
  state.status = 500;
  time.ms = 59 * 60_000;
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 200);
  assert.equal(state.asked, 2);
  time.ms = 61 * 60_000;
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 503);
});

test('a key that was taken away is no longer taken after ten minutes', async (t) => {
  const time = { ms: 0 };
  const { state, url } = await keyServer(t);
  state.keys = [await publicJwk(0, 'a')];
  const server = await withJwt(t, { jwksUrl: url }, { monotonicMs: () => time.ms });
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 200);
  state.keys = [await publicJwk(2, 'b')];
  time.ms = 10 * 60_000 + 1;
  assert.equal((await askWith(server, await signedBy(0, 'a'))).status, 401);
});

test('a symmetric key in a JWKS is never used', async (t) => {
  const { state, url } = await keyServer(t);
  state.keys = [{ kty: 'oct', kid: 'a', k: Buffer.from(secret).toString('base64url') }];
  const server = await withJwt(t, { jwksUrl: url });
  assert.equal((await askWith(server, await signed(claims, { kid: 'a' }))).status, 401);
});

for (const [what, jwt, said] of [
  ['a short secret', { secret: 'x'.repeat(31) }, /32/],
  ['nothing to check by', {}, /give one of/],
  ['two things to check by', { secret, jwksUrl: 'https://id.example/jwks' }, /give one of/],
  ['a JWKS address in the open', { jwksUrl: 'http://id.example/jwks' }, /https/],
  ['a name that only begins like this machine', { jwksUrl: 'http://localhost.evil.example/jwks' }, /https/],
  ['an address that hides another host', { jwksUrl: 'http://localhost:x@id.example/jwks' }, /https/],
] as const) {
  test(`http.auth.jwt with ${what} is refused`, () => {
    const { error } = httpOptions.safeParse({ auth: { jwt } });
    assert.match(error?.message ?? '', said);
  });
}
