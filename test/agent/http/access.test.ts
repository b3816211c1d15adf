import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCookie } from '../../../agent/http/access/cookie.ts';
import { adminToken, type RunningServer, startHttp, viewerToken } from './running-server.ts';
import '../../support/watchdog.ts';

const json = { 'Content-Type': 'application/json' };
const silences = '/api/monitoring/silences';

interface LoggedIn {
  readonly cookie: string;
  readonly csrf: string;
}

async function logIn(ask: RunningServer['ask'], given: object = { token: adminToken }): Promise<LoggedIn> {
  const answer = await ask('/api/session', { method: 'POST', headers: json, body: JSON.stringify(given) });
  assert.equal(answer.status, 200, answer.text);
  const [cookie] = answer.headers['set-cookie']!;
  return { cookie: cookie!.split(';')[0]!, csrf: (answer.json as { csrf: string }).csrf };
}

/** What a browser sends with a request of the page itself. */
function ofPage({ cookie }: LoggedIn): Record<string, string> {
  return { cookie, 'sec-fetch-site': 'same-origin' };
}

function messageOf(answer: { readonly json: unknown }): string {
  return (answer.json as { message: string }).message;
}

async function loggedIn(t: TestContext, given?: object) {
  const server = await startHttp(t);
  return { ...server, login: await logIn(server.ask, given) };
}

test('a login answers with a cookie that scripts and other sites never get', async (t) => {
  const { ask, address } = await startHttp(t);
  const body = JSON.stringify({ token: adminToken });
  const answer = await ask('/api/session', { method: 'POST', headers: json, body });
  assert.deepEqual(Object.keys(answer.json as object).sort(), ['csrf', 'name', 'role']);
  const [cookie] = answer.headers['set-cookie']!;
  const name = `nova-agent-${address.port}`;
  assert.match(
    cookie!,
    new RegExp(`^${name}=[\\w-]{43}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict$`),
  );
});

test('the cookie opens what the token opens, and says who it is', async (t) => {
  const { ask, login } = await loggedIn(t);
  assert.equal((await ask('/api/monitoring/snapshot', { headers: ofPage(login) })).status, 200);
  const who = await ask('/api/session', { headers: ofPage(login) });
  assert.deepEqual(who.json, { name: 'ops', role: 'admin', csrf: login.csrf });
});

test('who sends a token has no session and needs no CSRF token', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  assert.deepEqual((await askAsAdmin('/api/session')).json, { name: 'ops', role: 'admin', csrf: null });
  assert.equal((await askAsAdmin('/api/session', { method: 'DELETE' })).status, 400);
  assert.equal((await askAsAdmin(`${silences}/none`, { method: 'DELETE' })).status, 404);
});

for (const [what, body, status] of [
  ['a wrong token', '{"token":"wrong-token-0123456789"}', 401],
  ['a wrong code', '{"code":"wrong"}', 401],
  ['nothing', '{}', 400],
  ['both', `{"token":"${adminToken}","code":"x"}`, 400],
  ['a number', '{"token":1}', 400],
  ['a key too much', `{"token":"${adminToken}","remember":true}`, 400],
  ['no object', '[]', 400],
  ['no JSON', '{"token"', 400],
] as const) {
  test(`a login with ${what} answers ${status} and sets no cookie`, async (t) => {
    const { ask } = await startHttp(t);
    const answer = await ask('/api/session', { method: 'POST', headers: json, body });
    assert.equal(answer.status, status);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal((answer.json as { success: boolean }).success, false);
  });
}

for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
  test(`a login sent as ${type}, as other sites could, is refused`, async (t) => {
    const { ask } = await startHttp(t);
    const init = { method: 'POST', headers: { 'Content-Type': type }, body: `{"token":"${adminToken}"}` };
    const answer = await ask('/api/session', init);
    assert.ok([400, 415].includes(answer.status), String(answer.status));
    assert.equal(answer.headers['set-cookie'], undefined);
  });
}

test('a change by the session needs its CSRF token', async (t) => {
  const { ask, login } = await loggedIn(t);
  const other = await logIn(ask);
  const wrong = [undefined, '', 'x', other.csrf, `${login.csrf}x`, login.cookie.split('=')[1]!];
  for (const csrf of wrong) {
    const headers = { ...ofPage(login), ...(csrf !== undefined && { 'x-csrf-token': csrf }) };
    const answer = await ask(`${silences}/none`, { method: 'DELETE', headers });
    assert.equal(answer.status, 403);
    assert.match(messageOf(answer), /X-CSRF-Token/);
  }
  const headers = { ...ofPage(login), 'x-csrf-token': login.csrf };
  assert.equal((await ask(`${silences}/none`, { method: 'DELETE', headers })).status, 404);
});

const elsewhere: readonly Record<string, string>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'same-origin, cross-site' },
  { origin: 'http://evil.example' },
  { origin: 'http://127.0.0.1:3000' },
  { origin: 'null' },
];

for (const headers of elsewhere) {
  test(`a request with ${JSON.stringify(headers)} is refused with the cookie, and not without`, async (t) => {
    const { ask, askAsAdmin, login } = await loggedIn(t);
    const withCookie = { ...headers, cookie: login.cookie, 'x-csrf-token': login.csrf };
    for (const method of ['GET', 'DELETE']) {
      const answer = await ask(`${silences}${method === 'DELETE' ? '/none' : ''}`, {
        method,
        headers: withCookie,
      });
      assert.equal(answer.status, 403);
      assert.match(messageOf(answer), /another site/);
    }
    const body = JSON.stringify({ token: adminToken });
    assert.equal(
      (await ask('/api/session', { method: 'POST', headers: { ...headers, ...json }, body })).status,
      403,
    );
    assert.equal((await askAsAdmin(silences, { headers })).status, 200);
    assert.equal((await ask('/health', { headers: withCookie })).status, 200);
  });
}

test('browsers that tell only their Origin get through from the page itself', async (t) => {
  const { ask, login, address } = await loggedIn(t);
  const headers = {
    cookie: login.cookie,
    origin: `http://127.0.0.1:${address.port}`,
    host: `127.0.0.1:${address.port}`,
    'x-csrf-token': login.csrf,
  };
  assert.equal((await ask(`${silences}/none`, { method: 'DELETE', headers })).status, 404);
});

test('no answer lets another origin read it', async (t) => {
  const { ask, askAsAdmin } = await startHttp(t);
  const origin = 'http://evil.example';
  const preflight = { origin, 'access-control-request-method': 'GET' };
  for (const answer of [
    await ask('/api/monitoring/snapshot', { method: 'OPTIONS', headers: preflight }),
    await askAsAdmin('/api/monitoring/snapshot', { headers: { origin } }),
    await ask('/health', { headers: { origin } }),
  ]) {
    assert.deepEqual(
      Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
      [],
    );
  }
});

test('scripts of the origins in http.origins ask with a token, and never with the cookie', async (t) => {
  const origin = 'https://crm.example';
  const { ask, askAsAdmin } = await startHttp(t, { options: { origins: [origin] } });
  const login = await logIn(ask);
  const preflight = { origin, 'access-control-request-method': 'GET' };
  const asked = await ask('/api/monitoring/snapshot', { method: 'OPTIONS', headers: preflight });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers['access-control-allow-origin'], origin);
  assert.match(String(asked.headers['access-control-allow-headers']), /Authorization/);
  assert.equal(asked.headers['access-control-allow-credentials'], undefined);
  const answer = await askAsAdmin('/api/monitoring/snapshot', { headers: { origin } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['access-control-allow-origin'], origin);
  assert.equal((await ask('/api/session', { headers: { origin, cookie: login.cookie } })).status, 403);
  for (const other of ['https://crm.example.evil.example', 'http://crm.example', 'null', `${origin}/`]) {
    const refused = await askAsAdmin('/api/monitoring/snapshot', { headers: { origin: other } });
    assert.equal(refused.headers['access-control-allow-origin'], undefined, other);
  }
});

test('a page that points its own name at the agent gets nothing, with or without the cookie', async (t) => {
  const { ask, login, address } = await loggedIn(t);
  const host = `evil.example:${address.port}`;
  for (const path of ['/', '/health', '/api/monitoring/snapshot']) {
    const answer = await ask(path, { headers: { ...ofPage(login), host } });
    assert.equal(answer.status, 403);
    assert.match(messageOf(answer), /answers to localhost, .* only/);
  }
});

test('names in http.hosts and IP addresses are answered, other names are not', async (t) => {
  const { ask } = await startHttp(t, { options: { host: '0.0.0.0', hosts: ['Mon.Example'] } });
  for (const [host, status] of [
    ['mon.example', 200],
    ['MON.EXAMPLE:443', 200],
    ['10.1.2.3:7070', 200],
    ['[fd00::1]:7070', 200],
    ['localhost', 200],
    ['evil.example', 403],
    ['mon.example.evil.example', 403],
  ] as const) {
    assert.equal((await ask('/health', { headers: { host } })).status, status, host);
  }
});

test('a viewer reads and logs out, but changes nothing', async (t) => {
  const { ask, login } = await loggedIn(t, { token: viewerToken });
  const headers = { ...ofPage(login), 'x-csrf-token': login.csrf };
  assert.equal((await ask(silences, { headers })).status, 200);
  const answer = await ask(`${silences}/none`, { method: 'DELETE', headers });
  assert.equal(answer.status, 403);
  assert.match(messageOf(answer), /"board" may only read/);
  assert.equal((await ask('/api/session', { method: 'DELETE', headers })).status, 200);
});

test('after logging out the cookie opens nothing', async (t) => {
  const { ask, login } = await loggedIn(t);
  const headers = { ...ofPage(login), 'x-csrf-token': login.csrf };
  const answer = await ask('/api/session', { method: 'DELETE', headers });
  assert.equal(answer.status, 200);
  assert.match(answer.headers['set-cookie']![0]!, /=; Path=\/; Max-Age=0; HttpOnly/);
  assert.equal((await ask('/api/session', { headers })).status, 401);
});

test('a browser that logs in anew ends its old session', async (t) => {
  const { ask, login } = await loggedIn(t);
  const body = JSON.stringify({ token: viewerToken });
  await ask('/api/session', { method: 'POST', headers: { ...json, ...ofPage(login) }, body });
  assert.equal((await ask('/api/session', { headers: ofPage(login) })).status, 401);
});

test('a wrong Authorization header is not made good by a cookie', async (t) => {
  const { ask, login } = await loggedIn(t);
  const headers = { ...ofPage(login), authorization: 'Bearer wrong-token-0123456789' };
  assert.equal((await ask('/api/session', { headers })).status, 401);
});

for (const [what, change] of [
  ['of another agent', (cookie: string) => cookie.replace(/^nova-agent-\d+/, 'nova-agent-1')],
  ['made up', (cookie: string) => `${cookie.slice(0, -2)}xx`],
  ['sent twice', (cookie: string) => `${cookie}; ${cookie}`],
  ['empty', (cookie: string) => cookie.replace(/=.*/, '=')],
] as const) {
  test(`a cookie that is ${what} opens nothing`, async (t) => {
    const { ask, login } = await loggedIn(t);
    assert.equal((await ask('/api/session', { headers: { cookie: change(login.cookie) } })).status, 401);
  });
}

test('with a certificate the cookie never travels in the open', () => {
  const cookie = createCookie(true, () => 7070);
  const written = '__Host-nova-agent-7070=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure';
  assert.equal(cookie.set('x', 60), written);
});

test('clients of InfluxDB 1.x may send the token as a password, where they write and ask', async (t) => {
  const { ask } = await startHttp(t);
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
  assert.equal(
    (await ask('/api/v1/status/buildinfo', { headers: basic(`telegraf:${adminToken}`) })).status,
    200,
  );
  assert.equal((await ask(`/api/v1/status/buildinfo?u=x&p=${adminToken}`)).status, 200);
  assert.equal(
    (await ask('/api/v1/status/buildinfo', { headers: basic('telegraf:wrong-token-0123456789') })).status,
    401,
  );
  assert.equal((await ask('/api/v1/status/buildinfo', { headers: basic(adminToken) })).status, 401);
  assert.equal((await ask('/api/session', { headers: basic(`telegraf:${adminToken}`) })).status, 401);
  assert.equal((await ask(`/api/session?p=${adminToken}`)).status, 401);
  const elsewhere = { ...basic(`telegraf:${adminToken}`), 'sec-fetch-site': 'cross-site' };
  assert.equal((await ask('/api/v1/status/buildinfo', { headers: elsewhere })).status, 403);
});

test('logins and lockouts are in the log, tokens never', async (t) => {
  const { ask, logLines } = await startHttp(t);
  await logIn(ask);
  for (let i = 0; i < 25; i++)
    await ask('/api/v1/status/buildinfo', { headers: { authorization: `Bearer wrong-token-${i}` } });
  assert.equal(
    logLines.filter((line) => line.includes('http: login name=ops role=admin address=')).length,
    1,
  );
  assert.equal(logLines.filter((line) => line.includes('too many wrong tokens')).length, 1);
  assert.doesNotMatch(logLines.join(), new RegExp(`${adminToken}|wrong-token`));
});
