import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import { openDatabase } from '../../workers/store/database.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { type TestServer, untilTrue } from '../support/servers.ts';
import { askedLedger, endAndCheck, stored, ticksOf, timesOf, untilTicks, valuesOf } from './evidence.ts';
import { type Faketime, newFaketime } from './faketime.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, newFolder, newInflux, partOf } from './stage.ts';
import '../support/watchdog.ts';

/** The wall clock of the real agent jumps. */
const intervalMs = 250;
const hourMs = 3_600_000;
const hourSeconds = 3600;
const yearSeconds = 365 * 24 * hourSeconds;
let influx: TestServer;
let agent: TestAgent;
let clock: Faketime;

before(async () => {
  const folder = await newFolder();
  influx = await newInflux();
  clock = newFaketime(folder);
  agent = await startAgent(
    {
      ...configFor(destination(influx.url)),
      agent: { interval: `${intervalMs}ms`, budget: { cpuPercent: 100 } },
      // What is an hour old stays, though a full hour may come while this runs.
      store: { retention: { raw: '2h', minute: '3h', hour: '4h' } },
    },
    { folder, env: clock.env },
  );
  atEnd(() => agent.stop('SIGKILL'));
});

/** Ticks that the agent counted as missed until now. */
const missed = () => Math.max(0, ...valuesOf(stored(agent, 'agent'), 'ticks_missed_total'));

/** Until ticks have the times of the clock as it is now. */
async function untilClockIsUsed(): Promise<void> {
  await untilTrue(() => {
    const points = stored(agent, 'system', {}, clock.nowMs() - 2000, clock.nowMs() + 2000);
    assert.ok(points.length >= 4, `${points.length} ticks around ${new Date(clock.nowMs()).toISOString()}`);
  });
}

for (const [name, seconds] of [
  ['an hour forward', hourSeconds],
  ['back to where it was', 0],
  ['an hour back', -hourSeconds],
  ['forward to where it was', 0],
  ['a year forward', yearSeconds],
  ['back by a year', 0],
] as const) {
  test(`the clock jumps ${name}: ticks go on once an interval`, async (t) => {
    const ticks = await ticksOf(agent);
    const missedBefore = missed();
    const startMs = performance.now();
    clock.set(seconds);
    await untilClockIsUsed();
    await untilTicks(agent, scale(8, 160));
    const elapsedMs = performance.now() - startMs;
    const taken = (await ticksOf(agent)) - ticks;
    const more = missed() - missedBefore;
    t.diagnostic(`${taken} ticks in ${Math.round(elapsedMs)} ms, ${more} missed`);
    const expected = elapsedMs / intervalMs;
    const most = 4 + expected * 0.2;
    assert.ok(taken <= expected + most, `${taken} ticks, ${expected} intervals`);
    // On a busy machine some do not come, and are counted.
    assert.ok(taken + more >= expected - most, `${taken} ticks, ${more} missed, ${expected} intervals`);
    assert.equal(partOf(await agent.ready(), 'tick').ok, true, agent.log());
    await askedLedger(agent);
    const snapshot = await agent.get<{ timestamp: string }>('/api/monitoring/snapshot');
    const ageMs = clock.nowMs() - Date.parse(snapshot.timestamp);
    assert.ok(Math.abs(ageMs) < 3000, `the snapshot is ${ageMs} ms old`);
  });
}

test('no time is used twice, and CPU is over the time that really passed', () => {
  const hosts = stored(agent, 'system');
  const times = timesOf(hosts);
  assert.equal(new Set(times).size, times.length);
  const cpu = valuesOf(hosts, 'cpu_usage_percent');
  assert.ok(cpu.length >= hosts.length - 1, `${cpu.length} of ${hosts.length}`);
  // A quota may be overdrawn for a moment.
  assert.ok(
    cpu.every((value) => value >= 0 && value <= 200),
    cpu.join(),
  );
  for (const field of ['cpu_usage_percent', 'uptime_seconds', 'restarts_total']) {
    const values = valuesOf(stored(agent, 'process'), field);
    assert.ok(
      values.every((value) => value >= 0 && value < 1e6),
      `${field}: ${values.join()}`,
    );
  }
  assert.deepEqual([...new Set(valuesOf(stored(agent, 'process'), 'restarts_total'))], [0]);
});

test('compaction and retention took nothing away because of a jump', async () => {
  // Twice a minute it looks; hours that the clock left are ripe at once.
  await untilTrue(() => assert.ok(rowsOf('chunk') > 0, `${rowsOf('chunk')} chunks`), 60_000, 500);
  await untilTrue(() => assert.ok(rowsOf('tick_hour') <= 2), 60_000, 500);
  const around = (seconds: number) => {
    const middleMs = Date.now() + seconds * 1000;
    return stored(agent, 'system', {}, middleMs - hourMs / 4, middleMs + hourMs / 4).length;
  };
  for (const seconds of [0, hourSeconds, -hourSeconds, yearSeconds]) assert.ok(around(seconds) >= 8);
});

function rowsOf(table: string): number {
  const database = openDatabase(storePathOf(agent.dataDir), { readOnly: true });
  try {
    return database.prepare<{ n: number }>(`select count(*) n from ${table}`).get()!.n;
  } finally {
    database.close();
  }
}

test('history is answered for every time that there was', async () => {
  const rows = await agent.get<{ timestamp: string }[]>('/api/monitoring/historical?hours=4&step=1s');
  const times = rows.map(({ timestamp }) => Date.parse(timestamp));
  assert.ok(
    times.some((time) => time < Date.now() - hourMs / 2) && times.some((time) => time > Date.now() - 60_000),
  );
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('each point is in InfluxDB once', async (t) => {
  t.diagnostic(`${await endAndCheck(agent, influx.url)} points, each once in InfluxDB`);
});
