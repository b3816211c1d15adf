import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { runAgent, type TestAgent, testToken } from '../support/agent.ts';
import { ask, exchange, getOf } from './http-stage.ts';
import { configFor, newAgent, newFolder } from './stage.ts';
import '../support/watchdog.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const snapshot = '/api/monitoring/snapshot';
const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const claims = { sub: 'eve', role: 'admin', exp: inAnHour };
let agent: TestAgent;

before(async () => {
  const folder = await newFolder();
  const publicKeyFile = join(folder, 'public.pem');
  await writeFile(publicKeyFile, publicPem);
  const tokens = [{ name: 'test', role: 'admin', token: testToken }];
  agent = await newAgent(
    { ...configFor(), http: { port: 0, auth: { tokens, jwt: { publicKeyFile } } } },
    folder,
  );
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenOf(header: object, payload: object, signature: (text: string) => Buffer): string {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${signature(text).toString('base64url')}`;
}

const real = (text: string) => sign('sha256', Buffer.from(text), privateKey);
const withSecret = (secret: string) => (text: string) => createHmac('sha256', secret).update(text).digest();
const statusWith = async (token: string) =>
  (await ask(agent, snapshot, { headers: { authorization: `Bearer ${token}` } })).status;

test('a token that somebody else made, or made over, opens nothing', async () => {
  const good = tokenOf({ alg: 'RS256' }, claims, real);
  assert.equal(await statusWith(good), 200);
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const [head, payload, signature] = good.split('.');
  const forged = {
    wrong: 'some-other-token-0123456789',
    almost: testToken.slice(0, -1),
    longer: `${testToken}0`,
    expired: tokenOf({ alg: 'RS256' }, { ...claims, exp: 1_000_000_000 }, real),
    endless: tokenOf({ alg: 'RS256' }, { role: 'admin' }, real),
    unsigned: `${part({ alg: 'none' })}.${part(claims)}.`,
    unsignedInCapitals: `${part({ alg: 'NONE' })}.${part(claims)}.`,
    withoutSignature: `${head}.${payload}.`,
    changed: `${head}.${part({ ...claims, sub: 'root' })}.${signature}`,
    ofAnotherKey: tokenOf({ alg: 'RS256' }, claims, (text) => sign('sha256', Buffer.from(text), other)),
    ofThePublicKeyAsSecret: tokenOf({ alg: 'HS256' }, claims, withSecret(publicPem)),
    ofNoSecret: tokenOf({ alg: 'HS256', kid: '/dev/null' }, claims, withSecret('')),
    ofAFile: tokenOf(
      { alg: 'HS256', kid: '../../../../proc/sys/kernel/ostype' },
      claims,
      withSecret('Linux\n'),
    ),
    ofAQuery: tokenOf({ alg: 'HS256', kid: "x' union select 'k" }, claims, withSecret('k')),
    withItsOwnKey: tokenOf({ alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) }, claims, (text) =>
      sign('sha256', Buffer.from(text), other),
    ),
    fromElsewhere: tokenOf({ alg: 'RS256', jku: agent.url, x5u: agent.url }, claims, withSecret('k')),
    critical: tokenOf({ alg: 'RS256', crit: ['nova'], nova: 1 }, claims, real),
  };
  for (const [what, token] of Object.entries(forged)) assert.equal(await statusWith(token), 401, what);
  assert.equal(await statusWith(tokenOf({ alg: 'RS256' }, { ...claims, role: 'user' }, real)), 403);
});

test('headers of megabytes are refused, and the agent goes on', async () => {
  const answer = await exchange(
    agent,
    getOf(snapshot, `Authorization: Bearer ${'x'.repeat(10_000_000)}\r\n`),
  ).catch(() => '');
  // The connection may be reset before the answer is read.
  assert.match(answer, /^(HTTP\/1\.1 431 |$)/);
  assert.equal(await statusWith(testToken), 200);
});

test('a page that has its own name point here gets nothing, token or not', async () => {
  for (const host of [
    'evil.example',
    'evil.example:7070',
    'localhost.evil.example',
    'localhost@evil.example',
  ]) {
    for (const path of [snapshot, '/health', '/', '/metrics']) {
      const headers = { host, authorization: `Bearer ${testToken}` };
      assert.equal((await ask(agent, path, { headers })).status, 403, `${host} ${path}`);
    }
  }
});

/** A session of the page; the address that it logs in with is worth nothing afterwards. */
async function logIn(): Promise<{ cookie: string; csrf: string; code: string }> {
  const { stdout } = await runAgent(['login', '-c', agent.configFile]);
  const code = /#code=(\S+)/.exec(stdout)![1]!;
  const answer = await logInWith({ code });
  assert.equal(answer.status, 200, answer.text);
  const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
  return { cookie, csrf: (JSON.parse(answer.text) as { csrf: string }).csrf, code };
}

function logInWith(given: object, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', ...headers };
  return ask(agent, '/api/session', { method: 'POST', headers: all, body: JSON.stringify(given) });
}

test('a cookie is worth nothing to other sites, nor for changes without its CSRF token', async () => {
  const { cookie, csrf, code } = await logIn();
  assert.equal((await logInWith({ code })).status, 401, 'a code works once');
  assert.equal((await ask(agent, snapshot, { headers: { cookie } })).status, 200);
  const elsewhere: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:1' },
  ];
  for (const headers of elsewhere)
    assert.equal(
      (await ask(agent, snapshot, { headers: { cookie, ...headers } })).status,
      403,
      JSON.stringify(headers),
    );
  assert.equal(
    (await logInWith({ token: testToken }, elsewhere[0])).status,
    403,
    'nobody is logged in by others',
  );
  const silence = (headers: Record<string, string>) =>
    ask(agent, '/api/monitoring/silences', {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ matchers: ['alertname="x"'], for: '1m', comment: 'test' }),
    });
  const tokens: Record<string, Record<string, string>> = {
    missing: {},
    wrong: { 'x-csrf-token': 'x'.repeat(csrf.length) },
    longer: { 'x-csrf-token': `${csrf}x` },
    ofAnother: { 'x-csrf-token': (await logIn()).csrf },
  };
  for (const [what, headers] of Object.entries(tokens))
    assert.equal((await silence(headers)).status, 403, what);
  const { status, text } = await silence({ 'x-csrf-token': csrf });
  assert.notEqual(status, 403, text);
});

test('guessing is slowed down, and who has a token gets in all the while', async () => {
  assert.equal(await statusWith(testToken), 200);
  const statuses: number[] = [];
  for (let i = 0; i < 60; i++) statuses.push(await statusWith(`guess-${i}-0123456789abcdef`));
  assert.ok(statuses.includes(429), statuses.join(' '));
  assert.equal((await logInWith({ token: 'guess-guess-guess-guess' })).status, 429);
  assert.equal(await statusWith(testToken), 200);
  assert.equal((await ask(agent, '/health', { headers: {} })).status, 200);
});
