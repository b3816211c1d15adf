import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withStaleMarkers } from '../../../workers/store/stale-gaps.ts';
import { type ModelRow, modelSamples, plainSamples } from '../ring/metric-model.ts';
import { randomNumbers } from './random.ts';

test('a series has its ends where the ring has them, whatever came and went', () => {
  const random = randomNumbers(3);
  for (let round = 0; round < 400; round++) {
    const rows: ModelRow[] = [];
    let timeMs = 1000;
    let isThere = true;
    const rate = random() * 0.4;
    for (let i = 0; i < 60; i++) {
      timeMs += 1 + Math.floor(random() * 50);
      if (random() < rate) isThere = !isThere;
      rows.push({ timeMs, values: new Map(isThere ? [['a', i]] : []) });
    }
    const startMs = 1000 + Math.floor(random() * 500);
    const endMs = startMs + Math.floor(random() * 1500);
    const staleAfterTicks = Math.floor(random() * 6);
    const inRange = rows.filter((row) => row.timeMs >= startMs && row.timeMs <= endMs);
    const known = inRange.filter(({ values }) => values.has('a'));
    const samples = {
      timesMs: Float64Array.from(known, (row) => row.timeMs),
      values: Float64Array.from(known, ({ values }) => values.get('a')!),
    };
    const ticksMs = Float64Array.from(inRange, (row) => row.timeMs);
    const marked = withStaleMarkers(samples, ticksMs, staleAfterTicks);
    const found = plainSamples({ labels: {}, timestampsMs: marked.timesMs, values: marked.values });
    assert.deepEqual(found, modelSamples(rows, 'a', startMs, endMs, staleAfterTicks), `round ${round}`);
  }
});

test('a series that lacks no tick is given back as it is', () => {
  const samples = { timesMs: Float64Array.of(2, 3, 4), values: Float64Array.of(1, 1, 1) };
  assert.equal(withStaleMarkers(samples, Float64Array.of(1, 2, 3, 4), 0), samples);
});
