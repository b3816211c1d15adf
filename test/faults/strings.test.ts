import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { systemClock } from '../../agent/clock.ts';
import { createLog, TroubleLog } from '../../agent/log.ts';
import { Pipeline } from '../../agent/pipeline/pipeline.ts';
import { RunningSource } from '../../agent/pipeline/running-source.ts';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import { TickPool } from '../../agent/pipeline/tick-pool.ts';
import { SelfStats } from '../../agent/selfstats.ts';
import { createProcessCells } from '../../workers/contract/process-cells.ts';
import { createRingBuffers } from '../../workers/contract/ring-cells.ts';
import type { TickSettings } from '../../workers/contract/tasks.ts';
import { buildLayout, layoutText, type PointKey } from '../../workers/point/point.ts';
import { openStore } from '../../workers/store/store.ts';
import { influxQuery, startRedis, untilTrue } from '../support/servers.ts';
import { influxPoints } from './influx-points.ts';
import { entryOf, readStore, storeSettings } from './ledger.ts';
import { scale } from './scale.ts';
import * as stage from './stage.ts';
import '../support/watchdog.ts';

/** Pieces that formats trip over: what line protocol, InfluxQL, JSON, shells and Unicode give a meaning to. */
const pieces = [
  ...[
    ',',
    ' ',
    '=',
    '\\',
    '"',
    "'",
    '#',
    '`',
    ';',
    '%',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\u{0}',
    '\u{1}',
    '\u{7f}',
  ],
  ...[
    '\\n',
    '\\,',
    '\\ ',
    '\\=',
    '\\"',
    '\\\\',
    '\\t',
    ',a=b',
    ' a=1',
    '\nevil a=1 1',
    '" a=2',
    "'; DROP",
    '--',
  ],
  ...[
    'a',
    'Z',
    '0',
    '1i',
    't',
    '-1',
    'NaN',
    '1e5',
    '_',
    '.',
    '/',
    ':',
    '$',
    '{}',
    '[]',
    '<b>',
    '%00',
    '🎉',
    'é',
    'é',
  ],
  ...['\u{feff}', '\u{200b}', '\u{202e}', '\u{2028}', '\u{85}', '\u{a0}', '日本', '\u{10ffff}', 'ß', 'İ'],
];

/** mulberry32, https://github.com/bryc/code/blob/master/jshash/PRNGs.md : the same strings in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function nastyStrings(count: number): string[] {
  const random = randomOf(20_260_131);
  const found = new Set<string>();
  while (found.size < count) {
    const length = 1 + Math.floor(random() * 8);
    found.add(Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]!).join(''));
  }
  return [...found];
}

/** What workers/point/line-protocol.ts says that a name becomes, where the format cannot carry it. */
function asDocumented(text: string): string {
  const oneLine = text.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return oneLine.replace(/\\+$/, (slashes) => '⧵'.repeat(slashes.length));
}

/** The same of a measurement or field name. */
function asDocumentedName(text: string): string {
  const start = text[0] === '\t' ? '\\t' : text[0] === '\0' ? '\\0' : text.slice(0, 1);
  return asDocumented(start + text.slice(1)).replace(/\\+(?=[, ="])/g, (slashes) =>
    '⧵'.repeat(slashes.length),
  );
}

const timeMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

/** Puts points with value 1, 2, 3 … in a store and lets an agent deliver them to a real InfluxDB. */
async function sendThrough(keys: readonly PointKey[], values = keys.map((_, i) => i + 1)) {
  const folder = await stage.newFolder();
  mkdirSync(join(folder, 'data'));
  const store = openStore(storePathOf(join(folder, 'data')), storeSettings(['influx']));
  const layout = buildLayout(keys);
  const section = { layout, values: Float64Array.from(values) };
  const { points } = store.append(timeMs, [section], { lostPoints: 0, overflowPoints: 0 });
  store.close();
  const influx = await stage.newInflux();
  const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)), folder);
  await stage.untilDelivered(agent);
  await agent.stop();
  const content = readStore(agent.dataDir);
  // The agent's own points have later times.
  const there = (await influxPoints(influx.url)).filter((point) => point.timeMs === timeMs);
  return { content, there, points, influx };
}

test('any string comes back equal from InfluxDB as a tag, one line for each point and none besides', async (context) => {
  const strings = nastyStrings(scale(200, 2000));
  const { there, content } = await sendThrough(
    strings.map((text, i) => ({ measurement: 'm', tags: { host: 'h', i: `${i}`, text }, fields: ['v'] })),
  );
  assert.equal(content.ledger[0]!.quarantined, 0, JSON.stringify(content.quarantine.slice(0, 3)));
  assert.equal(there.length, strings.length);
  for (const { measurement, tags, fields } of there) {
    const i = Number(tags.i);
    const expected = { host: 'h', i: `${i}`, text: asDocumented(strings[i]!) };
    assert.deepEqual(
      { measurement, tags, fields },
      { measurement: 'm', tags: expected, fields: { v: i + 1 } },
    );
  }
  const plain = strings.filter((text) => asDocumented(text) === text).length;
  context.diagnostic(`${strings.length} strings, ${plain} of them without a documented exception`);
});

test('any string comes back equal from InfluxDB as a field', async () => {
  const strings = nastyStrings(scale(200, 2000));
  const { there, content } = await sendThrough(
    strings.map((text, i) => ({ measurement: `m${i}`, tags: { host: 'h' }, fields: [text] })),
  );
  assert.equal(content.ledger[0]!.quarantined, 0, JSON.stringify(content.quarantine.slice(0, 3)));
  assert.equal(there.length, strings.length);
  for (const { measurement, fields } of there) {
    const i = Number(measurement.slice(1));
    assert.deepEqual(fields, { [asDocumentedName(strings[i]!)]: i + 1 });
  }
});

test('any string comes back equal from InfluxDB as the name of a tag', async () => {
  const strings = nastyStrings(scale(200, 2000));
  const { there, content } = await sendThrough(
    strings.map((text, i) => ({ measurement: `m${i}`, tags: { [text]: 'x' }, fields: ['v'] })),
  );
  assert.equal(content.ledger[0]!.quarantined, 0, JSON.stringify(content.quarantine.slice(0, 3)));
  assert.equal(there.length, strings.length);
  for (const { measurement, tags } of there) {
    const i = Number(measurement.slice(1));
    assert.deepEqual(tags, { [asDocumented(strings[i]!)]: 'x' });
  }
});

test('any string comes back equal from InfluxDB as a measurement', async () => {
  const strings = nastyStrings(scale(200, 2000));
  const { there, content } = await sendThrough(
    strings.map((text, i) => ({ measurement: text, tags: { i: `${i}` }, fields: ['v'] })),
  );
  assert.equal(content.ledger[0]!.quarantined, 0, JSON.stringify(content.quarantine.slice(0, 3)));
  assert.equal(there.length, strings.length);
  for (const { measurement, tags } of there) {
    const documented = asDocumentedName(strings[Number(tags.i)]!);
    assert.equal(measurement, documented.startsWith('#') ? `\\${documented}` : documented);
  }
});

test('queues of any name come back equal from InfluxDB', async (context) => {
  // BullMQ refuses a colon; a Redis key holds anything.
  const names = nastyStrings(scale(60, 600)).filter((name) => !name.includes(':'));
  const redis = await startRedis();
  stage.atEnd(() => redis.remove());
  const client = new Redis(redis.url);
  stage.atEnd(() => client.disconnect());
  for (const name of names) await client.hset(`bull:${name}:meta`, 'opts.maxLenEvents', '10000');
  const influx = await stage.newInflux();
  const agent = await stage.newAgent({
    ...stage.configFor(stage.destination(influx.url)),
    // At 250 ms the ring has no room for this many series.
    agent: { interval: '2s' },
    queues: [{ name: 'main', redis: redis.url }],
  });
  const expected = new Set(names.map(asDocumented));
  await untilTrue(async () => {
    const [values] = await influxQuery(influx.url, 'SHOW TAG VALUES FROM queue WITH KEY = queue');
    const there = new Set(values?.values.map(([, name]) => String(name)));
    const missing = [...expected].filter((name) => !there.has(name));
    const invented = [...there].filter((name) => !expected.has(name));
    assert.deepEqual([missing.slice(0, 5), invented.slice(0, 5)], [[], []], `${missing.length} are missing`);
  }, 60_000);
  await agent.stop();
  const content = readStore(agent.dataDir);
  assert.deepEqual(content.quarantine, []);
  const [shown] = await influxQuery(influx.url, 'SHOW MEASUREMENTS');
  const measurements = shown!.values.map(([name]) => name);
  const own = new Set([...content.points].map((name) => JSON.parse(name.slice(name.indexOf(' ') + 1))[0]));
  assert.deepEqual(
    [...measurements].sort(),
    [...own].sort(),
    'no measurement is there that was not collected',
  );
  context.diagnostic(`${names.length} queues`);
});

test('what InfluxDB cannot take as a name is quarantined with its reason, and the others arrive', async () => {
  const long = 'x'.repeat(70_000);
  const { there, content, points } = await sendThrough([
    { measurement: 'm', tags: { host: 'h' }, fields: ['v'] },
    { measurement: 'm', tags: { time: 'now' }, fields: ['v'] },
    { measurement: 'm', tags: { long }, fields: ['v'] },
    { measurement: 'n', tags: {}, fields: ['time'] },
    { measurement: 'm', tags: { host: 'last' }, fields: ['v'] },
  ]);
  assert.deepEqual(
    there.map(({ tags }) => tags.host),
    ['h', 'last'],
  );
  assert.equal(there.length + content.quarantine.length, points);
  for (const { reason } of content.quarantine) assert.match(reason, /invalid|max key length/);
});

test('finite numbers of any size come back equal, and the others are left out of their point', async () => {
  const numbers = [
    ...[0, -0, 1, -1, 0.1, 1 / 3, 2 ** 53, 2 ** 53 + 2, -(2 ** 53 + 2), 2 ** 63, 1e21, 123456789.125],
    ...[Number.MAX_VALUE, -Number.MAX_VALUE, 1e308, Number.MIN_VALUE, 5e-324, 2.2250738585072014e-308, 1e-7],
  ];
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const { there, points, content } = await sendThrough(
    [...numbers, ...odd].map((_, i) => ({ measurement: 'm', tags: { i: `${i}` }, fields: ['v', 'other'] })),
    // A point whose value is not known still has its other field, but for the last.
    [...numbers, ...odd].flatMap((value, i) => [value, value === Number.NEGATIVE_INFINITY ? Number.NaN : i]),
  );
  assert.equal(points, numbers.length + odd.length - 1);
  assert.deepEqual(content.quarantine, []);
  assert.equal(there.length, points);
  for (const { tags, fields } of there) {
    const i = Number(tags.i);
    if (i >= numbers.length) assert.deepEqual(fields, { other: i });
    // JSON of InfluxDB 1.x writes -0 as such; as a number both are equal.
    else assert.ok(fields.v === numbers[i], `${numbers[i]} came back as ${fields.v}`);
  }
});

test('infinite values are counted, and unknown ones are not', async () => {
  const dataDir = await stage.newFolder();
  const settings: TickSettings = {
    ...storeSettings(['influx']),
    commonTags: {},
    measurementPrefix: '',
    plan: { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup', processes: [], slowEveryMs: 1000 },
    events: null,
  };
  const text = JSON.stringify(settings);
  const pool = new TickPool({
    rings: createRingBuffers(1000),
    processes: createProcessCells(),
    events: null,
    store: { path: storePathOf(dataDir) },
  });
  stage.atEnd(() => pool.close());
  // A worker that starts takes its time, more than a tick may take on a busy machine.
  await pool.open(text);
  const log = createLog('silent');
  const clock = systemClock;
  const source = {
    name: 'odd',
    read: async () => ({
      source: 'odd',
      layout: layoutText([{ measurement: 'm', tags: {}, fields: ['a', 'b', 'c', 'd'] }]),
      values: new Float64Array([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    }),
    close: async () => {},
    commandsSent: () => 0,
  };
  const stats = new SelfStats();
  stats.intervalMs = 1000;
  const sources = [new RunningSource(source, clock)];
  const troubles = new TroubleLog(log);
  const pipeline = new Pipeline({ pool, settings: text, sources, stats, clock, log, troubles });
  const result = await pipeline.tick(Date.now(), true);
  assert.equal(result!.refusedValues, 2);
  assert.equal(stats.valuesRefused, 2);
  assert.match(result!.lines, /^m a=1 \d+$/m);
  const { collected, waiting } = entryOf({ ready: true, parts: [], ledger: result!.ledger });
  assert.equal(collected, waiting);
});
