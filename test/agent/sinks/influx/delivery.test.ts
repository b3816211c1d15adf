import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../agent/clock.ts';
import { requestTimeoutMs } from '../../../../agent/sinks/influx/transport.ts';
import { untilTrue } from '../../../support/servers.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { accepts, startFakeInflux } from '../fakes/fake-influx.ts';
import { FakeStore, points } from '../fakes/fake-store.ts';
import { rig, sinkOn } from './rig.ts';
import '../../../support/watchdog.ts';

test('points are asked for and settled in one trip a batch, and the next flush comes at its time', async (t) => {
  const { store, clock, influx, delivered } = await rig(t, { lines: points(20) });
  await delivered();
  const asked = store.tasks.map(({ outcome, maxPoints }) => [outcome?.delivered ?? null, maxPoints]);
  assert.deepEqual(asked, [
    [null, 5000],
    [20, 0],
  ]);
  store.append(points(3, 100));
  await clock.sleeping((ms) => ms === 600_000);
  clock.advance(599_999);
  assert.equal(influx.requests.length, 1);
  clock.advance(1);
  await delivered();
  assert.equal(influx.requests.length, 2);
});

test('a backlog is delivered at no more than maxPointsPerSecond, oldest first, one batch at a time', async (t) => {
  const lines = points(3500);
  const options = { maxPointsPerSecond: 1000 };
  const { store, clock, influx, delivered, setback } = await rig(t, { lines, options });
  for (const [waited, chance] of [
    [1000, 1],
    [1200, 0],
    [1000, 0],
  ] as const) {
    // The wait that is measured here began with the chance set before it.
    assert.equal(Math.round(await setback()), waited);
    clock.chance = chance;
    clock.advance(waited);
    await untilTrue(() => assert.ok(store.waiting <= 3500 - 1000 * 2 || store.waiting === 2500));
  }
  await delivered();
  assert.deepEqual(
    influx.requests.map(({ lines }) => lines.length),
    [1000, 1000, 1000, 500],
  );
  assert.deepEqual([...influx.stored.keys()], lines);
  assert.equal(influx.mostOpen(), 1);
});

test('bodies above 1 KB are sent as gzip, smaller ones as they are', async (t) => {
  const large = await rig(t, { lines: points(200) });
  await large.delivered();
  assert.equal(large.influx.requests[0]!.headers['content-encoding'], 'gzip');
  const small = await rig(t, { lines: points(2) });
  await small.delivered();
  assert.equal(small.influx.requests[0]!.headers['content-encoding'], undefined);
});

for (const moment of ['before', 'after'] as const) {
  test(`a store that fails ${moment} it took the outcome counts every point once`, async (t) => {
    const { store, clock, sink, influx, delivered, setback } = await rig(t, {
      lines: points(20),
      start: false,
    });
    influx.behave((request) => {
      if (influx.requests.length === 1) store.failNext = moment;
      return accepts(request);
    });
    sink.start();
    assert.equal(await setback(), 1000);
    clock.advance(1000);
    await delivered();
    assert.equal(store.delivered, 20);
    assert.equal(influx.stored.size, 20);
    assert.deepEqual(sink.status(), { sink: 'main', up: true, problem: '' });
  });
}

test('a refused point is said once, not at every batch', async (t) => {
  const { store, clock, logged, delivered } = await rig(t, {
    behaviour: () => ({ status: 400, body: { error: 'bad' } }),
    lines: points(1),
  });
  await delivered();
  store.append(points(1, 50));
  await clock.sleeping((ms) => ms === 600_000);
  clock.advance(599_999);
  clock.advance(1);
  await delivered();
  assert.equal(logged.filter((line) => line.includes('spool list')).length, 2, 'again after ten minutes');
  assert.match(logged[0]!, /main: refused points; nova-agent spool list shows them points=1 reason=bad/);
});

test('close delivers what waits', async (t) => {
  const { store, sink, clock, delivered } = await rig(t, { lines: points(5) });
  await delivered();
  await clock.sleeping((ms) => ms === 600_000);
  clock.advance(10);
  store.append(points(5, 100));
  await sink.close(2000);
  assert.equal(store.delivered, 10);
  store.assertBalanced();
});

test('close tries once more instead of waiting for the end of a back-off', async (t) => {
  const { store, sink, influx, setback } = await rig(t, { behaviour: () => ({ status: 500 }) });
  await setback();
  influx.behave(accepts);
  await sink.close(2000);
  assert.equal(store.delivered, 20);
});

test('close does not try again before Retry-After is over', async (t) => {
  const behaviour = () => ({ status: 503, headers: { 'retry-after': '60' } });
  const { store, sink, influx, setback } = await rig(t, { behaviour });
  await setback();
  await sink.close(2000);
  assert.equal(influx.requests.length, 1);
  assert.equal(store.waiting, 20);
});

test('close leaves a server that hangs at the deadline, with the points still in the store', async (t) => {
  const { store, sink, influx, clock } = await rig(t, { behaviour: () => 'hang' });
  await untilTrue(() => assert.equal(influx.requests.length, 1));
  await clock.sleeping((ms) => ms === requestTimeoutMs);
  const closed = sink.close(2500);
  await clock.sleeping((ms) => ms === 2500);
  clock.advance(2500);
  await closed;
  assert.equal(store.waiting, 20);
  assert.equal(influx.requests.length, 1);
});

test('a sink that was never started can be closed', async () => {
  const { sink } = sinkOn('http://127.0.0.1:1', new FakeStore(), new FakeClock());
  await sink.close(1000);
  assert.deepEqual(sink.status(), { sink: 'main', up: false, problem: 'not tried yet' });
});

test('a server that nobody listens on is said so', async (t) => {
  const influx = await startFakeInflux();
  await influx.close();
  const clock = new FakeClock();
  const { sink } = sinkOn(influx.url, new FakeStore(points(1)), clock);
  t.after(() => sink.close(0));
  sink.start();
  await clock.sleeping((ms) => ms === 1000);
  assert.match(sink.status().problem, /^connection refused: is InfluxDB running there\?$/);
});

test('proxies named in the environment are not used', async (t) => {
  const proxy = await startFakeInflux();
  t.after(() => proxy.close());
  for (const name of ['http_proxy', 'HTTP_PROXY']) {
    process.env[name] = proxy.url;
    t.after(() => delete process.env[name]);
  }
  const { delivered } = await rig(t, { lines: points(1) });
  await delivered();
  assert.equal(proxy.requests.length, 0);
});

test('with real time every point of a growing store arrives in order and once', async (t) => {
  const influx = await startFakeInflux();
  const store = new FakeStore();
  const { sink } = sinkOn(influx.url, store, systemClock, { flushInterval: '1s' });
  t.after(async () => {
    await sink.close(0);
    await influx.close();
  });
  sink.start();
  for (let i = 0; i < 30; i++) {
    store.append(points(50, 1 + i * 50));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await sink.close(20_000);
  store.assertBalanced();
  assert.equal(store.delivered, 1500);
  assert.ok([...influx.stored.values()].every((times) => times === 1));
  const times = [...influx.stored.keys()].map((line) => Number(line.split(' ')[2]));
  assert.deepEqual(
    times,
    Array.from({ length: 1500 }, (_, i) => i + 1),
  );
});
