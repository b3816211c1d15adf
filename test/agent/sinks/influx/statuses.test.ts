import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestTimeoutMs } from '../../../../agent/sinks/influx/transport.ts';
import { untilTrue } from '../../../support/servers.ts';
import { accepts, type Behaviour, type Reply } from '../fakes/fake-influx.ts';
import { points } from '../fakes/fake-store.ts';
import { rig } from './rig.ts';

/** Answers 400 to every request that holds one of the bad lines, as InfluxDB 2 does: nothing of it is written. */
const refuses =
  (bad: ReadonlySet<string>, status: number, message: string): Behaviour =>
  ({ lines }) =>
    lines.some((line) => bad.has(line)) ? { status, body: { code: 'invalid', message } } : { status: 204 };

for (const status of [200, 201, 204]) {
  test(`${status} moves the cursor`, async (t) => {
    const { delivered, store, sink, influx } = await rig(t, { behaviour: () => ({ status }) });
    await delivered();
    assert.equal(store.delivered, 20);
    assert.equal(influx.requests.length, 1);
    assert.deepEqual(sink.status(), { sink: 'main', up: true, problem: '' });
  });
}

const holds: [name: string, reply: Reply, problem: RegExp][] = [
  [
    '401',
    { status: 401, body: { error: 'authorization failed' } },
    /^401 unauthorized: check token \(authorization failed\)$/,
  ],
  ['403', { status: 403, body: { error: 'not authorized' } }, /^403 forbidden: token may not write there/],
  [
    '404 of a missing database',
    { status: 404, body: { error: 'database not found: "test"' } },
    /^404 database not found: create it with CREATE DATABASE "test"$/,
  ],
  ['404 of another path', { status: 404, body: '404 page not found' }, /^404 404 page not found: check url/],
  [
    '500 of a missing retention policy',
    { status: 500, body: { error: 'retention policy not found: nope' } },
    /retention policy not found: create "short" on "test"$/,
  ],
  [
    '302',
    { status: 302, headers: { location: 'http://other.example:8086/write?db=test' } },
    /^302 redirect: set url to http:\/\/other\.example:8086$/,
  ],
  [
    '200 with a web page',
    { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>login</html>' },
    /^200 with a web page: check url/,
  ],
];
for (const [name, reply, problem] of holds) {
  test(`${name} holds the batch, says how to mend it and asks again in 30 to 60 s`, async (t) => {
    const options = { token: 's3cret-token', retentionPolicy: 'short' };
    const { clock, sink, store, influx, setback, delivered, logged } = await rig(t, {
      behaviour: () => reply,
      options,
    });
    assert.equal(await setback(), 30_000);
    assert.match(sink.status().problem, problem);
    assert.equal(sink.status().up, false);
    assert.equal(store.waiting, 20);
    clock.chance = 1;
    clock.advance(30_000);
    assert.equal(await setback(), 60_000);
    influx.behave(accepts);
    clock.advance(60_000);
    await delivered();
    assert.equal(store.delivered, 20);
    assert.equal(store.quarantined.length, 0);
    assert.equal(sink.status().up, true);
    assert.equal(logged.length, 2, 'one line when it began, one when it ended');
    assert.doesNotMatch(logged.join('') + sink.status().problem, /s3cret/);
  });
}

for (const [status, message] of [
  [400, 'unable to parse'],
  [422, 'partial write: points beyond retention policy dropped=1'],
  [500, 'partial write: field type conflict: input field "v" on measurement "m" is type float'],
  [403, 'data falls outside of the bucket’s retention period: field type conflict'],
] as const) {
  test(`${status} "${message.slice(0, 30)}" costs at most 27 requests for one bad point in 5,000`, async (t) => {
    const lines = points(5000);
    for (const position of [0, 2500, 4999]) {
      const bad = lines[position]!;
      const behaviour = refuses(new Set([bad]), status, message);
      const { store, influx, delivered, sink } = await rig(t, { behaviour, lines });
      await delivered();
      assert.ok(influx.requests.length <= 27, `${influx.requests.length} requests`);
      assert.deepEqual(store.quarantined, [{ line: bad, reason: message }]);
      assert.equal(store.delivered, 4999);
      assert.equal(influx.stored.size, 4999);
      assert.equal(sink.status().up, true);
    }
  });
}

test('every bad point of a batch is quarantined with the server’s words, both ends of 500 characters', async (t) => {
  const lines = points(100);
  const bad = new Set([lines[3]!, lines[4]!, lines[99]!]);
  const { store, delivered } = await rig(t, { behaviour: refuses(bad, 400, 'x'.repeat(2000)), lines });
  await delivered();
  assert.deepEqual(
    store.quarantined.map(({ line }) => line),
    [...bad],
  );
  assert.deepEqual(
    new Set(store.quarantined.map(({ reason }) => reason)),
    new Set([`${'x'.repeat(249)}…${'x'.repeat(250)}`]),
  );
});

test('points that are all beyond the retention policy are refused by one answer', async (t) => {
  const error = 'partial write: points beyond retention policy dropped=50';
  const { store, influx, delivered } = await rig(t, {
    behaviour: () => ({ status: 400, body: { error } }),
    lines: points(50),
  });
  await delivered();
  assert.equal(store.quarantined.length, 50);
  assert.equal(influx.requests.length, 1);
});

test('a refused point that holds the words of a missing database does not hold up the others', async (t) => {
  const lines = points(10);
  const bad = `m,s=database\\ not\\ found v=`;
  lines[5] = bad;
  const behaviour = refuses(new Set([bad]), 400, `unable to parse '${bad}': database not found`);
  const { store, delivered } = await rig(t, { behaviour, lines });
  await delivered();
  assert.equal(store.quarantined.length, 1);
  assert.equal(store.delivered, 9);
});

test('splitting keeps the order of points and what is known when a request in between fails', async (t) => {
  const lines = points(64);
  const bad = new Set([lines[40]!]);
  const splitting = refuses(bad, 400, 'bad');
  let count = 0;
  const behaviour: Behaviour = (request) => (++count === 5 ? { status: 503 } : splitting(request));
  const { store, influx, clock, setback, delivered } = await rig(t, { behaviour, lines });
  assert.equal(await setback(), 1000);
  assert.equal(store.waiting, 64, 'nothing is settled in part');
  clock.advance(1000);
  await delivered();
  assert.equal(store.delivered, 63);
  assert.deepEqual(
    [...influx.stored.keys()],
    lines.filter((line) => !bad.has(line)),
  );
  assert.ok([...influx.stored.values()].every((times) => times === 1));
  assert.equal(count, 1 + 2 * 6 + 1);
});

test('413 halves the batch, remembers the smaller size and grows slowly again', async (t) => {
  let maxLines = 100;
  const behaviour: Behaviour = ({ lines }) => ({ status: lines.length > maxLines ? 413 : 204 });
  const { store, clock, influx, delivered } = await rig(t, { behaviour, lines: points(3000) });
  await delivered();
  assert.equal(store.delivered, 3000);
  const refused = influx.requests.filter(({ lines }) => lines.length > maxLines);
  assert.deepEqual(
    refused.map(({ lines }) => lines.length),
    [3000, 1500, 750, 375, 188],
  );
  maxLines = 5000;
  influx.requests.length = 0;
  store.append(points(3000, 10_000));
  for (clock.advance(600_000); store.waiting > 0; clock.advance(100)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const sizes = influx.requests.map(({ lines }) => lines.length);
  assert.equal(sizes[0], 94);
  assert.ok(sizes.includes(104), `grows by a tenth: ${sizes}`);
  assert.equal(store.delivered, 6000);
});

test('a point that is too large alone is quarantined', async (t) => {
  const lines = points(9);
  const behaviour: Behaviour = (request) => ({ status: request.lines.includes(lines[5]!) ? 413 : 204 });
  const { store, delivered } = await rig(t, { behaviour, lines });
  await delivered();
  assert.deepEqual(store.quarantined, [{ line: lines[5]!, reason: '413 request entity too large' }]);
  assert.equal(store.delivered, 8);
});

const nowMs = Date.UTC(2026, 0, 31, 12);
const retryAfters: [status: number, header: string, waitMs: number][] = [
  [429, '7', 7000],
  [503, '7', 7000],
  [429, new Date(nowMs + 90_000).toUTCString(), 90_000],
  [503, new Date(nowMs - 90_000).toUTCString(), 1000],
  [429, '0', 1000],
  [503, '86400', 3_600_000],
  [503, new Date(nowMs + 86_400_000).toUTCString(), 3_600_000],
  [503, 'soon', 1000],
];
for (const [status, header, waitMs] of retryAfters) {
  test(`${status} with Retry-After: ${header} waits ${waitMs} ms`, async (t) => {
    const behaviour = () => ({ status, headers: { 'retry-after': header } });
    const { influx, clock, setback, delivered, store } = await rig(t, { behaviour });
    assert.equal(await setback(), waitMs);
    influx.behave(accepts);
    clock.advance(waitMs - 1);
    assert.equal(influx.requests.length, 1);
    clock.advance(1);
    await delivered();
    assert.equal(store.delivered, 20);
  });
}

const troubles: [name: string, behaviour: Behaviour, problem: RegExp][] = [
  ['429', () => ({ status: 429 }), /^answered 429$/],
  ['500', () => ({ status: 500, body: { error: 'timeout' } }), /^500: timeout$/],
  [
    '502 with a web page',
    () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<p>' }),
    /^answered 502$/,
  ],
  ['503', () => ({ status: 503 }), /^answered 503$/],
  ['a connection that is closed without an answer', () => 'drop', /closed before an answer/],
];
for (const [name, behaviour, problem] of troubles) {
  test(`${name} backs off from 1 s up to 60 s with jitter, and loses nothing`, async (t) => {
    const { clock, sink, store, influx, setback, delivered } = await rig(t, { behaviour });
    assert.equal(await setback(), 1000);
    assert.match(sink.status().problem, problem);
    const waits: number[] = [];
    for (clock.chance = 1; waits.length < 8; ) {
      clock.advance(60_000);
      waits.push(await setback());
    }
    assert.deepEqual(waits, [4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
    assert.equal(store.waiting, 20);
    influx.behave(accepts);
    clock.advance(60_000);
    await delivered();
    assert.equal(store.delivered, 20);
  });
}

test('a server that hangs counts as unreachable after 10 s, and gets smaller batches', async (t) => {
  const { clock, sink, influx, setback, delivered, store } = await rig(t, {
    behaviour: () => 'hang',
    lines: points(2000),
  });
  await untilTrue(() => assert.equal(influx.requests.length, 1));
  await clock.sleeping((ms) => ms === requestTimeoutMs);
  clock.advance(requestTimeoutMs);
  assert.equal(await setback(), 1000);
  assert.equal(sink.status().problem, 'no answer within 10 s');
  influx.behave(accepts);
  clock.advance(1000);
  await delivered();
  assert.equal(store.delivered, 2000);
  assert.deepEqual(
    influx.requests.map(({ lines }) => lines.length),
    [2000, 1000, 1000],
  );
});
