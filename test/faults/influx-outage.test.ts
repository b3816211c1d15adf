import assert from 'node:assert/strict';
import { test } from 'node:test';
import { influxQuery, untilTrue } from '../support/servers.ts';
import { bulkKeys } from './bulk.ts';
import { assertExactlyOnce } from './influx-points.ts';
import { readStore } from './ledger.ts';
import { scale } from './scale.ts';
import * as stage from './stage.ts';
import '../support/watchdog.ts';

test('points of a time in which InfluxDB refuses connections are all delivered once it is back', async () => {
  const influx = await stage.newInflux();
  await influx.stop();
  const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)));
  await stage.untilWaiting(agent, 60);
  await untilTrue(async () => {
    assert.match(stage.partOf(await agent.ready(), 'sink/influx').problem, /connection refused/);
  });
  assert.equal(
    (await agent.ready()).ready,
    true,
    'a destination that is away does not make the agent unready',
  );
  await influx.start();
  await stage.untilDelivered(agent);
  await influx.stop();
  await stage.untilWaiting(agent, 110);
  await influx.start();
  await stage.untilDelivered(agent);
  await agent.stop();
  assert.ok((await assertExactlyOnce(influx.url, readStore(agent.dataDir))) > 170);
});

test('points of a time in which InfluxDB hangs are all delivered once it answers, and no tick waits for it', async (context) => {
  const influx = await stage.newInflux();
  const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)));
  await stage.untilDelivered(agent);
  influx.process.kill('SIGSTOP');
  await untilTrue(async () => {
    assert.match(stage.partOf(await agent.ready(), 'sink/influx').problem, /no answer within 10 s/);
  }, 60_000);
  influx.process.kill('SIGCONT');
  await stage.untilDelivered(agent, 90_000);
  await agent.stop();
  const content = readStore(agent.dataDir);
  await assertExactlyOnce(influx.url, content);
  const times = [...content.timesMs].sort((a, b) => a - b);
  const longestMs = Math.max(...times.slice(1).map((timeMs, i) => timeMs - times[i]!));
  // A tick that waited for the server would be missing for the 10 s of a request.
  assert.ok(longestMs < 8000, `the longest time without a tick was ${longestMs} ms`);
  context.diagnostic(`longest time without a tick ${longestMs} ms at an interval of ${stage.tickMs} ms`);
});

test('a large backlog is delivered in the order of each series, every point exactly once', async (context) => {
  const points = scale(50_000, 1_000_000);
  const items = 500;
  const ticks = points / items;
  const folder = await stage.newFolder();
  stage.fillStore(folder, bulkKeys(items), ticks);
  const influx = await stage.newInflux();
  await influx.stop();
  const proxy = await stage.newProxy(influx.url);
  const agent = await stage.newAgent(stage.configFor(stage.destination(proxy.url)), folder);
  await stage.untilWaiting(agent, points);
  await influx.start();
  const startedMs = performance.now();
  await stage.untilDelivered(agent, scale(90_000, 600_000));
  const seconds = (performance.now() - startedMs) / 1000;
  await agent.stop();

  assert.deepEqual(proxy.misordered, []);
  const [counted] = await influxQuery(influx.url, 'SELECT count(a) FROM bulk');
  assert.equal(counted!.values[0]![1], points);
  const rows = await influxQuery(influx.url, 'SELECT count(b) FROM bulk GROUP BY item');
  assert.equal(rows.length, items);
  assert.deepEqual([...new Set(rows.map(({ values }) => values[0]![1]))], [ticks]);
  const [entry] = readStore(agent.dataDir).ledger;
  assert.equal(entry!.waiting, 0);
  assert.equal(entry!.delivered, proxy.lines(), 'no line was sent twice');
  assert.equal(entry!.delivered, entry!.collected);
  context.diagnostic(`${points} points in ${seconds.toFixed(1)} s, ${proxy.writes.length} requests`);
});
