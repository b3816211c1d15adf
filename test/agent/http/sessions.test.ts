import assert from 'node:assert/strict';
import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { defaultFailureLimits, FailureLimit } from '../../../agent/http/access/failure-limit.ts';
import { sessionFilePath } from '../../../agent/http/access/session-file.ts';
import { SessionTable } from '../../../agent/http/access/sessions.ts';
import { tokenFilePath } from '../../../agent/http/token-file.ts';
import { type Answer, adminToken, now, type RunningServer, startHttp, testFolder } from './running-server.ts';
import '../../support/watchdog.ts';

const noTokens = { auth: { tokens: [] } };
const dayMs = 24 * 3_600_000;

function codeOf(address: string | null): string {
  return /^http:\/\/127\.0\.0\.1:\d+\/login#code=([\w-]{32})$/.exec(address ?? '')![1]!;
}

function post(ask: RunningServer['ask'], given: object): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' };
  return ask('/api/session', { method: 'POST', headers, body: JSON.stringify(given) });
}

async function cookieFor(ask: RunningServer['ask'], given: object): Promise<string> {
  const answer = await post(ask, given);
  assert.equal(answer.status, 200, answer.text);
  return answer.headers['set-cookie']![0]!.split(';')[0]!;
}

/** A clock that stands until it is set. */
function standingClock() {
  const time = { now, monotonicMs: 0 };
  return { time, clock: { now: () => time.now, monotonicMs: () => time.monotonicMs } };
}

/** Its cookies are named after the port, so the next one must listen on the same. */
async function restart(t: TestContext, server: RunningServer, options: object = {}, clock: object = {}) {
  const { port } = server.address;
  await server.close();
  return startHttp(t, { dataDir: server.dataDir, options: { ...options, port }, clock });
}

test('without a configured token the start gives an address that logs its first visitor in', async (t) => {
  const { ask, address } = await startHttp(t, { options: noTokens });
  const code = codeOf(address.login);
  const answer = await post(ask, { code });
  assert.equal(answer.status, 200);
  assert.equal((answer.json as { role: string }).role, 'admin');
  const again = await post(ask, { code });
  assert.equal(again.status, 401);
  assert.match((again.json as { message: string }).message, /used already.*nova-agent login/);
});

test('with a configured token there is no such address unless it is asked for', async (t) => {
  const { ask, address, loginAddress } = await startHttp(t);
  assert.equal(address.login, null);
  const code = codeOf(loginAddress({ name: 'ada', role: 'viewer' }));
  const cookie = await cookieFor(ask, { code });
  const who = (await ask('/api/session', { headers: { cookie } })).json as { name: string; role: string };
  assert.deepEqual([who.name, who.role], ['ada', 'viewer']);
});

test('of many at once only one gets in with a code', async (t) => {
  const { ask, address } = await startHttp(t, { options: noTokens });
  const code = codeOf(address.login);
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(ask, { code })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
});

test('a code is worth nothing after ten minutes', async (t) => {
  const { time, clock } = standingClock();
  const { ask, address } = await startHttp(t, { options: noTokens, clock });
  time.monotonicMs = 10 * 60_000;
  assert.equal((await post(ask, { code: codeOf(address.login) })).status, 401);
});

test('a code is no token', async (t) => {
  const { ask, address } = await startHttp(t, { options: noTokens });
  const headers = { authorization: `Bearer ${codeOf(address.login)}` };
  assert.equal((await ask('/api/monitoring/snapshot', { headers })).status, 401);
});

test('a restart under an open page logs nobody out', async (t) => {
  const first = await startHttp(t, { options: noTokens });
  const cookie = await cookieFor(first.ask, { code: codeOf(first.address.login) });
  const before = (await first.ask('/api/session', { headers: { cookie } })).json;
  const second = await restart(t, first, noTokens);
  assert.deepEqual((await second.ask('/api/session', { headers: { cookie } })).json, before);
});

test('what is kept of sessions is only for its owner, and no cookie can be made of it', async (t) => {
  const { ask, dataDir, address } = await startHttp(t, { options: noTokens });
  const cookie = await cookieFor(ask, { code: codeOf(address.login) });
  const path = sessionFilePath(dataDir);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const text = await readFile(path, 'utf8');
  assert.ok(!text.includes(cookie.split('=')[1]!));
  for (const kept of Object.values(JSON.parse(text)[0])) {
    const headers = { cookie: `${cookie.split('=')[0]}=${kept}` };
    assert.equal((await ask('/api/session', { headers })).status, 401);
  }
});

test('a session that was logged out stays so after a restart', async (t) => {
  const first = await startHttp(t);
  const answer = await post(first.ask, { token: adminToken });
  const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
  const headers = { cookie, 'x-csrf-token': (answer.json as { csrf: string }).csrf };
  assert.equal((await first.ask('/api/session', { method: 'DELETE', headers })).status, 200);
  const second = await restart(t, first);
  assert.equal((await second.ask('/api/session', { headers })).status, 401);
});

test('a session ends when its token is taken out of the configuration', async (t) => {
  const first = await startHttp(t);
  const headers = { cookie: await cookieFor(first.ask, { token: adminToken }) };
  const other = { name: 'new', role: 'admin', token: 'another-token-0123456789' };
  const second = await restart(t, first, { auth: { tokens: [other] } });
  assert.equal((await second.ask('/api/session', { headers })).status, 401);
});

test('a session gets the role that its token has now', async (t) => {
  const first = await startHttp(t);
  const headers = { cookie: await cookieFor(first.ask, { token: adminToken }) };
  const now = { name: 'ops', role: 'viewer', token: adminToken };
  const second = await restart(t, first, { auth: { tokens: [now] } });
  assert.equal(((await second.ask('/api/session', { headers })).json as { role: string }).role, 'viewer');
});

test('a session of a code ends when the token that the agent made is deleted', async (t) => {
  const first = await startHttp(t, { options: noTokens });
  const headers = { cookie: await cookieFor(first.ask, { code: codeOf(first.address.login) }) };
  await unlink(tokenFilePath(first.dataDir));
  const second = await restart(t, first, noTokens);
  assert.equal((await second.ask('/api/session', { headers })).status, 401);
});

test('a session of a code ends when the configured tokens are others, and only then', async (t) => {
  const first = await startHttp(t);
  const code = codeOf(first.loginAddress({ name: 'ada', role: 'admin' }));
  const headers = { cookie: await cookieFor(first.ask, { code }) };
  const second = await restart(t, first);
  assert.equal((await second.ask('/api/session', { headers })).status, 200);
  const other = { name: 'ops', role: 'admin', token: 'another-token-0123456789' };
  const third = await restart(t, second, { auth: { tokens: [other] } });
  assert.equal((await third.ask('/api/session', { headers })).status, 401);
});

test('a session ends after a week, whatever is done with it', async (t) => {
  const { time, clock } = standingClock();
  const first = await startHttp(t, { clock });
  const headers = { cookie: await cookieFor(first.ask, { token: adminToken }) };
  time.now += 7 * dayMs - 1;
  assert.equal((await first.ask('/api/session', { headers })).status, 200);
  time.now += 1;
  assert.equal((await first.ask('/api/session', { headers })).status, 401);
});

for (const [what, text] of [
  ['empty', ''],
  ['no list', '{}'],
  ['of other things', '[{"digest":1}]'],
] as const) {
  test(`a file of sessions that is ${what} is told of and logs everybody out`, async (t) => {
    const dataDir = await testFolder(t);
    await writeFile(sessionFilePath(dataDir), text);
    const { ask, logLines } = await startHttp(t, { dataDir });
    assert.ok(logLines.some((line) => line.includes('everybody has to log in again')));
    await cookieFor(ask, { token: adminToken });
  });
}

test('of very many sessions the oldest ends', async () => {
  const table = new SessionTable({ write: async () => {} }, []);
  const secrets: string[] = [];
  for (let i = 0; i <= 256; i++) {
    const of = { name: 'ada', role: 'admin', credential: 'code', endsMs: now + 1 } as const;
    secrets.push((await table.open(of, now)).secret);
  }
  assert.equal(table.find(secrets[0]!, now), undefined);
  assert.ok(table.find(secrets[1]!, now));
  assert.ok(table.find(secrets[256]!, now));
});

test('too many wrong tokens from an address answer 429 with when to try again', async (t) => {
  const { time, clock } = standingClock();
  const { ask, askAsAdmin } = await startHttp(t, { clock });
  const guess = (i: number) => ({ headers: { authorization: `Bearer wrong-token-${i}` } });
  // Who was right before is let through all the while.
  assert.equal((await askAsAdmin('/api/session')).status, 200);
  for (let i = 0; i < 20; i++) assert.equal((await ask('/api/session', guess(i))).status, 401);
  const refused = await ask('/api/session', guess(20));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '3');
  assert.equal((await post(ask, { code: 'x' })).status, 429);
  assert.equal((await post(ask, { token: 'wrong-token' })).headers['retry-after'], '3');
  assert.equal((await askAsAdmin('/api/session')).status, 200);
  assert.equal((await ask('/health')).status, 200);
  time.monotonicMs += 3000;
  assert.equal((await ask('/api/session', guess(21))).status, 401);
  assert.equal((await ask('/api/session', guess(22))).status, 429);
});

test('one wrong token that is sent again and again locks nobody out', async (t) => {
  const { ask, askAsAdmin } = await startHttp(t);
  const headers = { authorization: 'Bearer wrong-token-0123456789' };
  for (let i = 0; i < 50; i++) assert.equal((await ask('/api/session', { headers })).status, 401);
  assert.equal((await askAsAdmin('/api/session')).status, 200);
});

test('a session goes on while its address is locked out', async (t) => {
  const { clock } = standingClock();
  const { ask } = await startHttp(t, { clock });
  const headers = { cookie: await cookieFor(ask, { token: adminToken }) };
  for (let i = 0; i < 25; i++) await post(ask, { token: `wrong-token-${i}` });
  assert.equal((await post(ask, { token: 'wrong-token' })).status, 429);
  assert.equal((await ask('/api/session', { headers })).status, 200);
});

test('a code and a token of our own making are taken however many guess beside them', async (t) => {
  const { clock } = standingClock();
  const { ask, dataDir, address } = await startHttp(t, { options: noTokens, clock });
  for (let i = 0; i < 25; i++) await post(ask, { token: `wrong-token-${i}` });
  assert.equal((await post(ask, { code: 'wrong' })).status, 429);
  assert.equal((await post(ask, { code: codeOf(address.login) })).status, 200);
  const token = (await readFile(tokenFilePath(dataDir), 'utf8')).trim();
  assert.equal((await ask('/api/session', { headers: { authorization: `Bearer ${token}` } })).status, 200);
});

test('the failures of one address are not those of another, but those of one network are', () => {
  const limit = new FailureLimit();
  for (let i = 0; i < 20; i++) limit.wrong(`2001:db8::${i}`, `guess ${i}`, 0);
  assert.equal(limit.waitSeconds('2001:db8:0:0:ffff::1', 'next', 0), 3);
  assert.equal(limit.waitSeconds('2001:db8:0:1::1', 'next', 0), 0);
  assert.equal(limit.waitSeconds('192.0.2.1', 'next', 0), 0);
  for (let i = 0; i < 20; i++) limit.wrong('::ffff:192.0.2.1', `guess ${i}`, 0);
  assert.equal(limit.waitSeconds('192.0.2.1', 'next', 0), 3);
});

test('when all fail too often, only who failed has to wait', () => {
  const limit = new FailureLimit();
  for (let i = 0; i < 200; i++) limit.wrong(`192.0.${i}.1`, 'guess', 0);
  assert.equal(limit.waitSeconds('192.0.7.1', 'next', 0), 1);
  assert.equal(limit.waitSeconds('198.51.100.1', 'next', 0), 0);
  assert.equal(limit.waitSeconds('192.0.7.1', 'next', 301), 0);
});

test('of very many addresses those that failed longest ago are forgotten', () => {
  const limit = new FailureLimit({ ...defaultFailureLimits, inAll: 1e6 });
  for (let i = 0; i < 20; i++) limit.wrong('192.0.2.1', `guess ${i}`, 0);
  assert.equal(limit.waitSeconds('192.0.2.1', 'next', 0), 3);
  for (let i = 0; i < 4096; i++) limit.wrong(`10.0.${i >> 8}.${i & 255}`, 'guess', 0);
  assert.equal(limit.waitSeconds('192.0.2.1', 'next', 0), 0);
});
