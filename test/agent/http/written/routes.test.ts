import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AgentError } from '../../../../agent/errors.ts';
import type { HttpViews } from '../../../../agent/http/views.ts';
import { adminToken, now, startHttp, viewerToken } from '../running-server.ts';
import '../../../support/watchdog.ts';

/** A server that notes what it is given to write, and a way to send bytes. */
async function stage(t: TestContext, written?: HttpViews['written']) {
  const given: { text: string; precision: string; nowMs: number }[] = [];
  const usual: HttpViews['written'] = async (body, precision, nowMs) => {
    given.push({ text: Buffer.from(body).toString(), precision, nowMs });
    return { stored: 1, refused: 0, leftOut: 0, reasons: [] };
  };
  const server = await startHttp(t, { views: { written: written ?? usual } });
  const send = async (
    path: string,
    body: string | Uint8Array,
    headers: Record<string, string> = { authorization: `Token ${adminToken}` },
  ) => {
    const answer = await fetch(server.address.url + path, { method: 'POST', body: body as string, headers });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: text === '' ? null : JSON.parse(text) };
  };
  return { ...server, given, send };
}

test('lines go to the store as they came, with their unit and the time of their arrival', async (t) => {
  const { send, given } = await stage(t);
  for (const [path, precision] of [
    ['/write?db=telegraf&rp=x&consistency=any', 'ns'],
    ['/write?precision=n', 'ns'],
    ['/write?precision=u', 'us'],
    ['/write?precision=ms', 'ms'],
    ['/write?precision=h', 'h'],
    ['/api/v2/write?org=o&bucket=b', 'ns'],
    ['/api/v2/write?org=o&bucket=b&precision=s', 's'],
  ] as const) {
    assert.equal((await send(path, 'm v=1')).status, 204, path);
    assert.deepEqual(given.pop(), { text: 'm v=1', precision, nowMs: now });
  }
});

test('a body may be packed, and of any content type', async (t) => {
  const { send, given } = await stage(t);
  const authorization = `Bearer ${adminToken}`;
  const packed = { authorization, 'content-encoding': 'gzip', 'content-type': 'text/plain' };
  assert.equal((await send('/write', gzipSync('m v=1'), packed)).status, 204);
  const asForm = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await send('/write', 'm v=2', asForm)).status, 204);
  assert.equal((await send('/write', '', { authorization })).status, 204);
  assert.equal((await send('/write', 'm v=3', { authorization, 'content-type': '' })).status, 204);
  assert.deepEqual(
    given.map(({ text }) => text),
    ['m v=1', 'm v=2', '', 'm v=3'],
  );
  const bad = await send('/write', 'no gzip', packed);
  assert.deepEqual([bad.status, bad.json], [400, { error: 'unexpected EOF' }]);
  const other = await send('/write', 'x', { authorization, 'content-encoding': 'br' });
  assert.equal(other.status, 415);
});

test('what was refused is said as InfluxDB 1.x and 2.x say it', async (t) => {
  let outcome = { stored: 3, refused: 2, leftOut: 0, reasons: ['unable to parse é: bad', 'too old'] };
  const { send } = await stage(t, async () => outcome);
  const message = 'partial write: unable to parse é: bad\ntoo old dropped=2';
  const first = await send('/write', 'x');
  assert.deepEqual([first.status, first.json], [400, { error: message }]);
  assert.equal(
    first.headers.get('x-influxdb-error'),
    'partial write: unable to parse  : bad too old dropped=2',
  );
  const second = await send('/api/v2/write', 'x');
  assert.deepEqual([second.status, second.json], [400, { code: 'invalid', message }]);
  outcome = { stored: 0, refused: 1, leftOut: 0, reasons: ["unable to parse 'x': missing fields"] };
  assert.deepEqual((await send('/write', 'x')).json, { error: "unable to parse 'x': missing fields" });
});

test('a store that takes nothing is answered 503 with a time to try again', async (t) => {
  const { send } = await stage(t, async () => {
    throw new AgentError('WORKER_FAILED', 'disk full', { retryable: true });
  });
  const first = await send('/write', 'm v=1');
  assert.equal(first.status, 503);
  assert.equal(first.headers.get('retry-after'), '5');
  assert.match(first.json.error, /its log says why/);
  const second = await send('/api/v2/write', 'm v=1');
  assert.deepEqual([second.status, second.json.code], [503, 'unavailable']);
});

test('tokens are taken as every client of InfluxDB sends them, and only those of administrators', async (t) => {
  const { send } = await stage(t);
  const basic = (password: string) => `Basic ${Buffer.from(`name:${password}`).toString('base64')}`;
  assert.equal((await send('/write', 'm v=1', { authorization: basic(adminToken) })).status, 204);
  assert.equal((await send(`/write?u=name&p=${adminToken}`, 'm v=1', {})).status, 204);
  assert.equal((await send('/api/v2/write', 'm v=1', { authorization: `Token ${adminToken}` })).status, 204);
  const none = await send('/write', 'm v=1', {});
  assert.equal(none.status, 401);
  assert.equal(typeof none.json.error, 'string');
  const wrong = await send('/api/v2/write', 'm v=1', { authorization: 'Token wrong-token-0123456789' });
  assert.deepEqual([wrong.status, wrong.json.code], [401, 'unauthorized']);
  const viewer = await send('/write', 'm v=1', { authorization: `Bearer ${viewerToken}` });
  assert.equal(viewer.status, 403);
});

test('an unknown unit or parameter is refused', async (t) => {
  const { send, given } = await stage(t);
  const unit = await send('/write?precision=x', 'm v=1');
  assert.equal(unit.status, 400);
  assert.match(unit.json.error, /precision/);
  const v2 = await send('/api/v2/write?precision=h', 'm v=1');
  assert.deepEqual([v2.status, v2.json.code], [400, 'invalid']);
  assert.equal(given.length, 0);
});

test('a body of more than 25 MB is refused, packed or not', async (t) => {
  const { send, given } = await stage(t);
  const large = Buffer.alloc(25_000_001, 'x\n');
  const authorization = `Token ${adminToken}`;
  const packed = await send('/write', gzipSync(large, { level: 1 }), {
    authorization,
    'content-encoding': 'gzip',
  });
  assert.equal(packed.status, 413);
  const plain = await send('/api/v2/write', large, { authorization });
  assert.deepEqual([plain.status, plain.json.code], [413, 'request too large']);
  const most = await send('/write', large.subarray(1), { authorization });
  assert.equal(most.status, 204);
  assert.equal(given.length, 1);
});

test('while 50 MB are in hand a further body is answered 503, and taken when they are done with', async (t) => {
  const waiting: (() => void)[] = [];
  const { send } = await stage(t, async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return { stored: 1, refused: 0, leftOut: 0, reasons: [] };
  });
  const large = Buffer.alloc(25_000_000, 'x\n');
  const both = [send('/write', large), send('/write', large)];
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const third = await send('/write', 'm v=1');
  assert.equal(third.status, 503);
  assert.ok(third.headers.get('retry-after'));
  for (const done of waiting.splice(0)) done();
  for (const answer of await Promise.all(both)) assert.equal(answer.status, 204);
  const fourth = send('/write', 'm v=1');
  while (waiting.length < 1) await new Promise((resolve) => setTimeout(resolve, 10));
  waiting[0]!();
  assert.equal((await fourth).status, 204);
});

test('a body that is cut off is not written', async (t) => {
  const { given, address, send } = await stage(t);
  await new Promise<void>((resolve) => {
    const headers = { authorization: `Token ${adminToken}`, 'content-length': '100' };
    const call = request({
      ...{ host: '127.0.0.1', port: address.port, path: '/write' },
      method: 'POST',
      headers,
    });
    call.on('error', () => resolve());
    call.write('m v=1\n', () => setTimeout(() => call.destroy(new Error('gone')), 50));
  });
  await send('/write', 'm v=2');
  assert.deepEqual(
    given.map(({ text }) => text),
    ['m v=2'],
  );
});

test('ping tells clients which ways to write there are', async (t) => {
  const { ask, askAsAdmin } = await stage(t);
  const { status, headers, text } = await askAsAdmin('/ping');
  assert.equal(status, 204);
  assert.equal(text, '');
  assert.match(String(headers['x-influxdb-version']), /^1\.8/);
  assert.equal((await ask('/ping')).status, 401);
});

test('texts beside numbers are left out without an error, and told how many', async (t) => {
  const { send } = await stage(t, async () => ({
    ...{ stored: 1, refused: 0, leftOut: 2 },
    reasons: ['fields that are texts, or named time, are not stored: 2'],
  }));
  const { status, headers, json } = await send('/write', 'm v=1,a="x",b="y"');
  assert.deepEqual([status, headers.get('x-nova-left-out'), json], [204, '2', null]);
});

test('a point of texts only is a point that was dropped', async (t) => {
  const reason = 'fields that are texts, or named time, are not stored: 1';
  const { send } = await stage(t, async () => ({ stored: 1, refused: 1, leftOut: 1, reasons: [reason] }));
  const { status, json } = await send('/write', 'm a="x"\nm v=1');
  assert.deepEqual([status, json], [400, { error: `partial write: ${reason} dropped=1` }]);
});

test('who is not let in, and a wrong method, hear it in the words of each API', async (t) => {
  const { address, ask, askAsAdmin } = await startHttp(t);
  const bodyOf = ({ status, text }: { status?: number; text: string }) => [status, JSON.parse(text)];
  assert.deepEqual(bodyOf(await askAsAdmin('/api/v1/nothing')), [
    404,
    { status: 'error', errorType: 'not_found', error: 'there is nothing at /api/v1/nothing' },
  ]);
  const [status, stranger] = bodyOf(await ask('/api/v1/query?query=1'));
  assert.deepEqual([status, stranger.status, stranger.errorType], [401, 'error', 'bad_data']);
  const authorization = `Bearer ${adminToken}`;
  const wrongMethod = await fetch(`${address.url}/api/v2/write`, { headers: { authorization } });
  assert.deepEqual(
    [wrongMethod.status, await wrongMethod.json()],
    [405, { code: 'method not allowed', message: '/api/v2/write takes POST only' }],
  );
  const first = await fetch(`${address.url}/write`, { headers: { authorization } });
  assert.deepEqual([first.status, await first.json()], [405, { error: '/write takes POST only' }]);
});
