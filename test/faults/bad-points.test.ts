import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuarantinedPoint } from '../../workers/contract/tasks.ts';
import { runAgent } from '../support/agent.ts';
import { influxQuery, untilTrue } from '../support/servers.ts';
import { bulkKeys } from './bulk.ts';
import { assertBalanced, entryOf, readStore } from './ledger.ts';
import { scale } from './scale.ts';
import * as stage from './stage.ts';
import '../support/watchdog.ts';

/** Most requests that one bad point in a batch of 5,000 may cost: 1 + 2 × ceil(log2 5,000). */
const mostRequests = 27;
const batch = 5000;

/** Gives an InfluxDB a field `a` of another type for one item: a point with a number is refused from then on. */
async function makeConflict(url: string, measurement: string): Promise<void> {
  const answer = await fetch(`${url}/write?db=test&precision=ms`, {
    method: 'POST',
    body: `${measurement} a="text" ${Date.now()}`,
  });
  assert.equal(answer.status, 204, await answer.text());
}

/** Points of `bulk`, but one of another measurement at `place`. */
function keysWithOneOf(measurement: string, place: number) {
  const keys = bulkKeys(batch, ['a']);
  keys[place] = { measurement, tags: { host: 'h', item: `${place}` }, fields: ['a'] };
  return keys;
}

async function quarantined(configFile: string): Promise<QuarantinedPoint[]> {
  const listed = await runAgent(['spool', 'list', '-c', configFile, '--format', 'json']);
  assert.equal(listed.code, 0, listed.stderr);
  const lines = listed.stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as QuarantinedPoint);
}

const places = scale(1, 6);

for (let i = 0; i < places; i++) {
  const place = Math.floor((i * (batch - 1)) / Math.max(1, places - 1));
  test(`one bad point in 5,000, at place ${place}, is quarantined with its reason in at most ${mostRequests} requests`, async (context) => {
    const influx = await stage.newInflux();
    await makeConflict(influx.url, 'odd');
    const proxy = await stage.newProxy(influx.url);
    const folder = await stage.newFolder();
    stage.fillStore(folder, keysWithOneOf('odd', place), 1);
    const agent = await stage.newAgent(stage.configFor(stage.destination(proxy.url)), folder);
    await untilTrue(async () => {
      const entry = entryOf(await agent.ready());
      assert.equal(entry.quarantined, 1);
      assert.ok(entry.delivered >= batch - 1, JSON.stringify(entry));
    });
    // The batch is sent whole first; its parts are done when as many lines as it has are delivered or alone refused.
    let requests = 0;
    for (let left = batch; left > 0; requests++) {
      const { lines, status } = proxy.writes[requests]!;
      if (status === 204 || lines === 1) left -= lines;
    }
    assert.ok(requests <= mostRequests, `${requests} requests`);
    const [counted] = await influxQuery(influx.url, 'SELECT count(a) FROM bulk');
    assert.equal(counted!.values[0]![1], batch - 1);
    const [point, ...others] = await quarantined(agent.configFile);
    assert.deepEqual(others, []);
    assert.match(point!.line, new RegExp(`^odd,host=h,item=${place} a=${place} \\d+$`));
    assert.match(point!.reason, /field type conflict.*"a".*"odd"/);
    context.diagnostic(`${requests} requests`);

    const again = await runAgent(['spool', 'replay', `${point!.id}`, '-c', agent.configFile]);
    assert.equal(again.code, 1, 'it is refused as long as nothing is mended');
    assert.equal(entryOf(await agent.ready()).quarantined, 1);

    await influxQuery(influx.url, 'DROP MEASUREMENT odd');
    const mended = await runAgent(['spool', 'replay', '--all', '-c', agent.configFile]);
    assert.equal(mended.code, 0, mended.stderr);
    assert.match(mended.stdout, /^delivered 1, refused again 0$/m);
    const [there] = await influxQuery(influx.url, 'SELECT a FROM odd GROUP BY *');
    assert.deepEqual([there!.tags, there!.values[0]![1]], [{ host: 'h', item: `${place}` }, place]);
    assert.deepEqual(await quarantined(agent.configFile), []);
    await agent.stop();
    const { ledger, points } = readStore(agent.dataDir);
    assertBalanced(ledger);
    assert.equal(ledger[0]!.delivered, points.size);
  });
}

test('a refused point is delivered as a mended line while no agent runs', async () => {
  const influx = await stage.newInflux();
  await makeConflict(influx.url, 'odd');
  const folder = await stage.newFolder();
  stage.fillStore(folder, keysWithOneOf('odd', 4321), 1);
  const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)), folder);
  await untilTrue(async () => assert.equal(entryOf(await agent.ready()).quarantined, 1));
  await agent.stop();
  const [point] = await quarantined(agent.configFile);
  const line = point!.line.replace(' a=', ' a_number=');
  const args = ['spool', 'replay', `${point!.id}`, '--line', line, '-c', agent.configFile];
  const replayed = await runAgent(args);
  assert.equal(replayed.code, 0, replayed.stderr);
  const [there] = await influxQuery(influx.url, 'SELECT a_number FROM odd');
  assert.equal(there!.values[0]![1], 4321);
  const { ledger, points, quarantine } = readStore(agent.dataDir);
  assert.deepEqual(quarantine, []);
  assert.deepEqual([ledger[0]!.delivered, ledger[0]!.waiting], [points.size, 0]);
});

test('a bad point in every tick is quarantined tick by tick while the others are delivered', async () => {
  const influx = await stage.newInflux();
  await makeConflict(influx.url, 'odd');
  const folder = await stage.newFolder();
  const ticks = scale(10, 100);
  const keys = bulkKeys(100, ['a']);
  keys[50] = { measurement: 'odd', tags: { host: 'h' }, fields: ['a'] };
  stage.fillStore(folder, keys, ticks);
  const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)), folder);
  await stage.untilDelivered(agent);
  await agent.stop();
  const { ledger, points, quarantine } = readStore(agent.dataDir);
  const { delivered, quarantined, waiting } = ledger[0]!;
  assert.deepEqual([delivered, quarantined, waiting], [points.size - ticks, ticks, 0]);
  assert.equal(new Set(quarantine.map(({ line }) => line)).size, ticks);
});
