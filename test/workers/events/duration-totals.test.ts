import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationBoundsUs, durationTotalCell } from '../../../workers/contract/window-cells.ts';
import { DurationTotalsReader } from '../../../workers/events/duration-totals-reader.ts';
import { httpRecord, socketRecord } from '../../support/frames.ts';
import { countPlainly, randomFrom, randomRecord } from './event-model.ts';
import { EventStage } from './event-stage.ts';

/** By measurement and the values of tags in the order of their names. */
function readTotals(stage: EventStage) {
  const found = new DurationTotalsReader(stage.buffers).read(Number.NEGATIVE_INFINITY);
  return new Map(
    found.map(({ measurement, tags, cells }) => {
      const values = Object.keys(tags)
        .sort()
        .map((name) => tags[name]);
      return [`${measurement} ${values.join(' ')}`, cells];
    }),
  );
}

/** How many of some durations each cell holds, and their sum. */
function plainCells(durationsUs: readonly number[]): number[] {
  const cells = new Array<number>(durationTotalCell.LENGTH).fill(0);
  for (const us of durationsUs) {
    // One of exactly a bound took longer: it was cut to whole microseconds.
    const bound = durationBoundsUs.findIndex((most) => us < most);
    cells[bound < 0 ? durationTotalCell.BEYOND : bound]!++;
    cells[durationTotalCell.SUM_US]! += us;
  }
  return cells;
}

test('durations are counted below fixed bounds since the start, over ticks and another writer', () => {
  const random = randomFrom(4711);
  const stage = new EventStage();
  const records = Array.from({ length: 4000 }, () => randomRecord(random));
  for (let i = 0; i < records.length; i += 500) {
    stage.take(records.slice(i, i + 500));
    stage.fold();
    if (i === 2000) stage.replace();
  }
  const totals = readTotals(stage);
  const model = countPlainly('crm', records, 500_000);
  let compared = 0;
  for (const measurement of ['http', 'db', 'job'] as const) {
    for (const [key, { durationsUs }] of model[measurement]) {
      if (durationsUs.length === 0) continue;
      assert.deepEqual([...totals.get(`${measurement} ${key}`)!], plainCells(durationsUs), key);
      compared++;
    }
  }
  assert.ok(compared > 10);
  const sockets = [...model.socket.values()].flatMap(({ durationsUs }) => durationsUs);
  assert.deepEqual([...totals.get('socket crm')!], plainCells(sockets), 'of sockets one a process');
});

test('a bound is the edge of a bucket: what lies right below and right at it is told apart', () => {
  const stage = new EventStage();
  const durationsUs = durationBoundsUs.flatMap((us) => [us - 1, us]);
  stage.take(durationsUs.map((durationUs) => httpRecord('GET', '/edges', { durationUs })));
  stage.fold();
  assert.deepEqual([...readTotals(stage).get('http GET crm /edges 2xx')!], plainCells(durationsUs));
});

test('a series that was silent is left out of what came since', () => {
  const stage = new EventStage();
  stage.take([httpRecord('GET', '/old', { durationUs: 500 })]);
  stage.fold();
  const sinceMs = stage.monotonicMs + 1;
  stage.take([socketRecord('ping', '/', { durationUs: 700 })]);
  stage.fold();
  const found = new DurationTotalsReader(stage.buffers).read(sinceMs);
  assert.deepEqual(
    found.map(({ measurement }) => measurement),
    ['socket'],
  );
});
