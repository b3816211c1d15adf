import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../../agent/clock.ts';
import { probeInflux } from '../../../../agent/sinks/influx/probe.ts';
import { LineWriter } from '../../../../workers/point/line-protocol.ts';
import { buildLayout, type Tags } from '../../../../workers/point/point.ts';
import { influxQuery, startInflux, type TestServer, untilTrue } from '../../../support/servers.ts';
import { FakeStore } from '../fakes/fake-store.ts';
import { optionsFor, sinkOn } from './rig.ts';
import '../../../support/watchdog.ts';

let server: TestServer;
before(async () => {
  server = await startInflux();
});
after(() => server.remove());

const startMs = Date.UTC(2026, 0, 31);

function lines(measurement: string, count: number, tags: Tags = {}): string[] {
  const writer = new LineWriter(buildLayout([{ measurement, tags, fields: ['v'] }]));
  return Array.from({ length: count }, (_, i) =>
    writer.line(0, Float64Array.of(i), startMs + i * 1000).trimEnd(),
  );
}

async function countOf(measurement: string): Promise<number> {
  const [series] = await influxQuery(server.url, `SELECT count(v) FROM ${measurement}`);
  return Number(series?.values[0]?.[1] ?? 0);
}

const allDelivered = (store: FakeStore) => untilTrue(() => assert.equal(store.waiting, 0), 60_000);

test('after an outage of InfluxDB every point is there exactly once', async (t) => {
  const store = new FakeStore(lines('outage', 1000));
  const { sink } = sinkOn(server.url, store, systemClock, { version: 'auto', flushInterval: '1s' });
  t.after(() => sink.close(0));
  sink.start();
  await allDelivered(store);
  await server.stop();
  store.append(lines('outage', 3000).slice(1000));
  await untilTrue(() => assert.match(sink.status().problem, /connection refused/));
  await server.start();
  await allDelivered(store);
  assert.equal(await countOf('outage'), 3000);
  assert.equal(store.delivered, 3000);
  assert.equal(sink.status().problem, '');
  store.assertBalanced();
});

test('tags with quotes, commas, spaces, equals signs, backslashes and unicode come back as they were', async (t) => {
  const values = ['say "hi"', "it's", 'a,b', 'a b', 'k=v', 'c:\\dir\\x', 'Grüße 🚀', 'x'.repeat(2000), ', ='];
  const store = new FakeStore(values.flatMap((value) => lines('text', 1, { tag: value, 'odd, key=': 'x' })));
  const { sink } = sinkOn(server.url, store, systemClock);
  t.after(() => sink.close(0));
  sink.start();
  await allDelivered(store);
  const series = await influxQuery(server.url, 'SELECT v FROM "text" GROUP BY *');
  assert.deepEqual(series.map(({ tags }) => tags?.tag).sort(), [...values].sort());
  assert.ok(series.every(({ tags }) => tags?.['odd, key='] === 'x'));
  assert.equal(store.quarantined.length, 0);
});

test('a field-type conflict quarantines exactly the point in conflict', async (t) => {
  await fetch(`${server.url}/write?db=test&precision=ms`, {
    method: 'POST',
    body: `clash,s=b v="text" ${startMs}`,
  });
  const conflict = lines('clash', 1, { s: 'a' })[0]!;
  const good = lines('fine', 999);
  const store = new FakeStore([...good.slice(0, 700), conflict, ...good.slice(700)]);
  const { sink } = sinkOn(server.url, store, systemClock);
  t.after(() => sink.close(0));
  sink.start();
  await allDelivered(store);
  assert.deepEqual(
    store.quarantined.map(({ line }) => line),
    [conflict],
  );
  assert.match(store.quarantined[0]!.reason, /field type conflict/);
  assert.equal(await countOf('fine'), 999);
  store.assertBalanced();
});

test('a database that is made later gets every point', async (t) => {
  const store = new FakeStore(lines('late', 10));
  let wake = () => {};
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) =>
      ms >= 30_000 ? new Promise<void>((resolve) => (wake = resolve)) : systemClock.sleep(ms, signal),
  };
  const { sink } = sinkOn(server.url, store, clock, { database: 'later' });
  t.after(() => sink.close(0));
  sink.start();
  await untilTrue(() => assert.match(sink.status().problem, /create it with CREATE DATABASE "later"/));
  await influxQuery(server.url, 'CREATE DATABASE later');
  wake();
  await allDelivered(store);
  const [series] = await influxQuery(server.url, 'SELECT count(v) FROM late', 'later');
  assert.equal(series?.values[0]?.[1], 10);
  wake();
});

test('points older than the retention policy are quarantined, newer ones delivered', async (t) => {
  await influxQuery(server.url, 'CREATE RETENTION POLICY "short" ON test DURATION 1h REPLICATION 1');
  const old = lines('kept', 300);
  const fresh = `kept v=1 ${Date.now()}`;
  const store = new FakeStore([...old, fresh]);
  const { sink } = sinkOn(server.url, store, systemClock, { retentionPolicy: 'short' });
  t.after(() => sink.close(0));
  sink.start();
  await allDelivered(store);
  assert.equal(store.quarantined.length, 300);
  assert.equal(store.delivered, 1);
});

test('a refusal that repeats control characters of the line does not hold up the others', async (t) => {
  const bad = `odd,host=h \u0001\u007f= ${Date.now()}`;
  const store = new FakeStore([...lines('beside', 10), bad]);
  const { sink } = sinkOn(server.url, store, systemClock);
  t.after(() => sink.close(0));
  sink.start();
  await allDelivered(store);
  assert.equal(store.delivered, 10);
  assert.match(store.quarantined[0]!.reason, /unable to parse .* missing field value/);
});

test('of a long refused line the reason is kept too', async (t) => {
  const store = new FakeStore([`long,tag=${'x'.repeat(70_000)} v=1 ${Date.now()}`]);
  const { sink } = sinkOn(server.url, store, systemClock);
  t.after(() => sink.close(0));
  sink.start();
  await allDelivered(store);
  assert.match(store.quarantined[0]!.reason, /^unable to parse 'long,tag=x+…x+.*max key length exceeded/);
  assert.equal(store.quarantined[0]!.reason.length, 500);
});

test('the probe says version and target of a server that takes writes, and writes nothing', async () => {
  const options = optionsFor(server.url, { version: 'auto' });
  assert.deepEqual(await probeInflux(options, systemClock), {
    ok: true,
    detail: 'InfluxDB 1 takes writes to database test',
  });
});

test('the probe says what is missing', async () => {
  const noDatabase = await probeInflux(optionsFor(server.url, { database: 'nope' }), systemClock);
  assert.deepEqual(noDatabase, {
    ok: false,
    detail: '404 database not found: create it with CREATE DATABASE "nope"',
  });
  const noPolicy = await probeInflux(optionsFor(server.url, { retentionPolicy: 'nope' }), systemClock);
  assert.deepEqual(noPolicy, {
    ok: false,
    detail: '500 retention policy not found: create "nope" on "test"',
  });
  const nobody = await probeInflux(optionsFor('http://127.0.0.1:1'), systemClock);
  assert.deepEqual(nobody, { ok: false, detail: 'connection refused: is InfluxDB running there?' });
});
