import '../../support/watchdog.ts';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { QueryPool } from '../../../agent/pipeline/query-pool.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { createEventBuffers } from '../../../workers/contract/window-cells.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import { dayStartMs, nothingElse, storeFor } from '../store/fixture.ts';

const minuteMs = 60_000;
const tags = { process: 'crm', route: '/a', method: 'GET', status: '2xx' };
const layout = buildLayout([{ measurement: 'http', tags, fields: ['requests', 'errors'] }]);

/** A store with 10 requests at each of the minutes, and a query worker that reads it. */
function queriesOver(context: TestContext, minutes: readonly number[]): QueryPool {
  const { open, path } = storeFor(context, { sinks: [] });
  const store = open();
  for (const minute of minutes) {
    const values = Float64Array.of(10, 1);
    store.append(dayStartMs + minute * minuteMs, [{ layout, values }], nothingElse);
  }
  const queries = new QueryPool({
    storePath: path,
    rings: createRingBuffers(2000),
    events: createEventBuffers(2000),
  });
  context.after(() => queries.close());
  return queries;
}

function over(fromMinute: number, toMinute: number) {
  const range = { startMs: dayStartMs + fromMinute * minuteMs, endMs: dayStartMs + toMinute * minuteMs };
  return { measurement: 'http', by: ['route'], ...range } as const;
}

test('a short stretch of the past is read from the store, not from the window of the last minutes', async (context) => {
  const queries = queriesOver(context, [0, 1, 2, 30]);
  const { spanMs, series } = await queries.seriesStats({ ...over(1, 3), isPast: true });
  assert.equal(spanMs, 2 * minuteMs);
  assert.deepEqual(
    series.map(({ tags, count, errors }) => ({ tags, count, errors })),
    [{ tags: { route: '/a' }, count: 20, errors: 2 }],
  );
});

test('statistics are over what is known: from the first tick on', async (context) => {
  const queries = queriesOver(context, [20, 25]);
  const { spanMs, series } = await queries.seriesStats(over(0, 60));
  assert.equal(spanMs, 40 * minuteMs);
  assert.equal(series[0]!.count, 20);
});

test('before the first tick nothing is known', async (context) => {
  const queries = queriesOver(context, [20]);
  assert.deepEqual(await queries.seriesStats(over(0, 10)), { spanMs: 0, series: [] });
});
