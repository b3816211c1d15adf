import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type TestAgent, testToken } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import { untilTicks } from './evidence.ts';
import { ask, bearer, exchange, getOf, openClient, statusesIn, told, whileWatched } from './http-stage.ts';
import { scale } from './scale.ts';
import { configFor, newAgent } from './stage.ts';
import '../support/watchdog.ts';

let agent: TestAgent;

before(async () => {
  agent = await newAgent(configFor());
  await untilTicks(agent, 2);
});

const last = 'Connection: close\r\n';

test('no path leads out of the page, whatever it is made of', async () => {
  const file = 'etc/passwd';
  const paths = [
    ...[
      '/..',
      '/../..',
      '/%2e%2e',
      '/%2E%2E%2f%2e%2e',
      '/..%2f..%2f..',
      '/..%5c..',
      '/....//',
      '//',
      '/./',
      '/%00',
    ],
    ...[
      '/app.js/..',
      '/index.html%00.js',
      '/%c0%ae%c0%ae',
      '/%252e%252e',
      '/login/../..',
      '/;/..',
      '/file://',
    ],
  ];
  for (const path of paths) {
    for (const target of [path, `${path}/${file}`, `${path}/../../../../../${file}`]) {
      const answer = await exchange(agent, getOf(target, last));
      const [status] = statusesIn(answer);
      assert.ok(status === 400 || status === 401 || status === 404, `${target}: ${answer.slice(0, 200)}`);
      assert.doesNotMatch(answer, /root:|"scripts"/, target);
    }
  }
  const whole = await exchange(agent, getOf(`http://evil.example/${file}`, last));
  assert.doesNotMatch(whole, /root:|Location:/i);
});

test('what two servers could read as two different requests is refused, and nothing behind it is answered', async () => {
  const smuggled = getOf('/api/monitoring/snapshot', bearer);
  const post = (headers: string, body: string) =>
    `POST /api/session HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${body}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const requests = {
    both: post(`Content-Length: 4\r\n${chunked}`, `0\r\n\r\n${smuggled}`),
    twoLengths: post('Content-Length: 0\r\nContent-Length: 4\r\n', smuggled),
    negative: post('Content-Length: -1\r\n', smuggled),
    hexadecimal: post('Content-Length: 0x10\r\n', smuggled),
    chunkedTwice: post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${smuggled}`),
    spaceBeforeColon: post('Content-Length : 0\r\n', smuggled),
    folded: post('X-A: b\r\n Content-Length: 0\r\n', smuggled),
    bareLineFeed: `GET /health HTTP/1.1\nHost: localhost\n\n${smuggled}`,
    bareReturn: post('X-A: b\rContent-Length: 0\r\n', smuggled),
    nul: post('X-A: b\0\r\nContent-Length: 0\r\n', smuggled),
    longChunk: post(chunked, `fffffffffffffffff\r\n${smuggled}`),
    newest: `GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n${smuggled}`,
    twoHosts: `GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n${last}\r\n`,
    tls: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  };
  for (const [what, bytes] of Object.entries(requests)) {
    const answer = await exchange(agent, bytes);
    assert.doesNotMatch(answer, /"system"/, what);
    if (what === 'twoHosts') continue;
    const [status, ...more] = statusesIn(answer);
    // A type of body that is not taken is said before the body.
    assert.ok(status === 400 || status === 415, `${what}: ${answer.slice(0, 200)}`);
    assert.ok(
      more.every((one) => one === 400),
      `${what}: ${answer.slice(0, 200)}`,
    );
  }
});

test('old, rare and pipelined requests are answered as they should be', async () => {
  const one = async (bytes: string) => statusesIn(await exchange(agent, bytes));
  assert.deepEqual(await one('GET /health HTTP/1.0\r\n\r\n'), [200]);
  const three = getOf('/health') + getOf('/api/monitoring/snapshot') + getOf('/health', last);
  assert.deepEqual(await one(three), [200, 401, 200]);
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n';
  assert.deepEqual((await ask(agent, '/health', { headers: { upgrade: 'h2c' } })).status, 200);
  const upgraded = openClient(agent, getOf('/health', upgrade));
  await untilTrue(() => assert.deepEqual(statusesIn(upgraded.text()), [200]));
  const expecting = `POST /write HTTP/1.1\r\nHost: localhost\r\n${last}Content-Length: 4\r\nExpect: `;
  assert.match(await exchange(agent, `${expecting}100-continue\r\n\r\nabcd`), /HTTP\/1\.1 401 /);
  assert.deepEqual(await one(`${expecting}wonders\r\n\r\nabcd`), [417]);
  const as = (method: string) => one(getOf('/api/monitoring/snapshot', bearer + last).replace('GET', method));
  assert.deepEqual(await as('HEAD'), [200]);
  for (const method of ['OPTIONS', 'TRACE', 'PATCH', 'PROPFIND']) {
    const [status] = await as(method);
    assert.ok(status === 404 || status === 405, `${method}: ${status}`);
  }
  assert.doesNotMatch(await exchange(agent, getOf('/', last).replace('GET', 'CONNECT')), / 200 /);
  assert.deepEqual(await one(getOf(`/${'x'.repeat(64 * 1024)}`, last)), [431]);
  const long = `/api/v1/query?query=${'x'.repeat(7000)}`;
  assert.equal((await ask(agent, long)).status, 200);
});

test('a body that unpacks to gigabytes is refused, and memory stays bounded', async (t) => {
  const packed = gzipSync(Buffer.alloc(scale(100, 1000) * 1024 * 1024, 'a'));
  const watched = await whileWatched(agent, async () => {
    const headers = { authorization: `Token ${testToken}`, 'content-encoding': 'gzip' };
    const write = () => ask(agent, '/write', { method: 'POST', headers, body: packed });
    const statuses = await Promise.all(Array.from({ length: 8 }, () => write().then(({ status }) => status)));
    for (const status of statuses) assert.ok(status === 413 || status === 503, `${status}`);
  });
  t.diagnostic(told(watched));
  assert.ok(watched.rssMb.most - watched.rssMb.before <= 250, told(watched));
});
