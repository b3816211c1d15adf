import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../../agent/clock.ts';
import { AgentError } from '../../../../agent/errors.ts';
import { createInfluxPast } from '../../../../agent/sinks/influx/past.ts';
import type { OlderQuery } from '../../../../workers/contract/older.ts';
import { parseInfluxSeries } from '../../../../workers/point/influx-series.ts';
import { LineWriter } from '../../../../workers/point/line-protocol.ts';
import { buildLayout, type Tags } from '../../../../workers/point/point.ts';
import { startInflux, type TestServer } from '../../../support/servers.ts';
import { optionsFor } from './rig.ts';
import '../../../support/watchdog.ts';

let server: TestServer;
before(async () => {
  server = await startInflux();
});
after(() => server.remove());

const startMs = Date.UTC(2026, 0, 31);
const open = new AbortController().signal;

/** As a sink with the prefix `p_` delivers it: the value of each second is its number. */
async function deliver(measurement: string, field: string, tags: Tags, count = 120): Promise<void> {
  const writer = new LineWriter(buildLayout([{ measurement, tags, fields: [field] }]), 'p_');
  const body = Array.from({ length: count }, (_, i) =>
    writer.line(0, Float64Array.of(i), startMs + i * 1000),
  ).join('');
  const answer = await fetch(`${server.url}/write?db=test&precision=ms`, { method: 'POST', body });
  assert.equal(answer.status, 204);
}

async function read(query: Partial<OlderQuery>, past = pastOf()) {
  const whole: OlderQuery = {
    measurement: 'm',
    fields: [{ field: 'v', take: 'mean' }],
    matchers: [],
    byTags: true,
    startMs,
    endMs: startMs + 120_000,
    stepMs: 60_000,
    offsetMs: 0,
    ...query,
  };
  const series = parseInfluxSeries(await past.read(whole, open));
  return series.map(({ tags, timesMs, columns }) => ({
    tags,
    steps: [...timesMs].map((timeMs, i) => [timeMs - startMs, ...columns.map((column) => column[i])]),
  }));
}

function pastOf(changed: Parameters<typeof optionsFor>[1] = {}) {
  return createInfluxPast(optionsFor(server.url, changed), systemClock, 'p_');
}

test('a step is the mean, the largest, the smallest or the sum of its values', async () => {
  await deliver('takes', 'v', { a: 'x' });
  for (const [take, values] of [
    ['mean', [29.5, 89.5]],
    ['max', [59, 119]],
    ['min', [0, 60]],
    ['sum', [1770, 5370]],
  ] as const) {
    const found = await read({ measurement: 'takes', fields: [{ field: 'v', take }] });
    assert.deepEqual(found, [{ tags: { a: 'x' }, steps: values.map((value, i) => [i * 60_000, value]) }]);
  }
});

test('steps begin where they are asked to, and those without a value are left out', async () => {
  await deliver('steps', 'v', {}, 10);
  const found = await read({ measurement: 'steps', offsetMs: 5000, startMs: startMs - 60_000 });
  assert.deepEqual(found, [
    {
      tags: {},
      steps: [
        [-55_000, 2],
        [5000, 7],
      ],
    },
  ]);
});

test('matchers choose series by equality and by regular expression', async () => {
  for (const route of ['/a/b', '/a', 'c/d']) await deliver('chosen', 'v', { route });
  const ask = async (op: '=' | '!=' | '=~' | '!~', value: string) =>
    (await read({ measurement: 'chosen', matchers: [{ name: 'route', op, value }] })).map(
      ({ tags }) => tags.route,
    );
  assert.deepEqual(await ask('=', '/a'), ['/a']);
  assert.deepEqual(await ask('!=', '/a'), ['/a/b', 'c/d']);
  assert.deepEqual(await ask('=~', '/a|c/d'), ['/a', 'c/d']);
  assert.deepEqual(await ask('=~', '\\/a'), ['/a']);
  assert.deepEqual(await ask('!~', '/a.*'), ['c/d']);
  assert.deepEqual(await ask('=', ''), []);
});

test('any name comes back as it was delivered, and none can end its quotes', async () => {
  const odd = [
    'say "x"',
    "it's",
    'a,b',
    'a b',
    'k=v',
    'c:\\dir',
    'c\\\\d"e',
    "\\'",
    'Grüße 🚀',
    '"; DROP DATABASE test; --',
  ];
  for (const name of odd) {
    // InfluxDB would take a tag for the field of the same name.
    const tag = `tag ${name}`;
    await deliver(name, name, { [tag]: name });
    const matchers = [{ name: tag, op: '=', value: name } as const];
    const found = await read({ measurement: name, fields: [{ field: name, take: 'max' }], matchers });
    assert.equal(found.length, 1, name);
    assert.equal(found[0]!.steps[1]![1], 119, name);
  }
});

test('what is not there is empty, and what the server refuses is told', async () => {
  assert.deepEqual(await read({ measurement: 'nothing' }), []);
  await assert.rejects(read({}, pastOf({ database: 'missing' })), /database not found/);
});

test('a server that is away is an error with words for a person', async () => {
  const past = createInfluxPast(optionsFor('http://127.0.0.1:1', {}), systemClock, '');
  await assert.rejects(
    read({}, past),
    (error) =>
      error instanceof AgentError && error.code === 'SINK_UNREACHABLE' && /refused/.test(error.message),
  );
  await past.close();
});
