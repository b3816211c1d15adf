import { DDSketch } from '@datadog/sketches-js';
import { createEventBuffers } from '../../workers/contract/window-cells.ts';
import { CurrentTick } from '../../workers/events/current-tick.ts';
import { cpuMsDuring } from './cost.ts';
import { atMost, median, type Row } from './row.ts';

const labels = 50;
const values = 1 << 16;
const passes = 20;
const rounds = 15;
const slowUs = 500_000;

/**
 * What one duration costs: counted, summed and placed into the histogram of one of 50 labels. Ours is the current tick
 * of the worker, with its errors and slow ones; the peer one sketch a label with 1 % accuracy, which counts and sums too.
 */
export async function* histogram(): AsyncGenerator<Row> {
  const series = Int32Array.from({ length: values }, () => Math.floor(Math.random() * labels));
  const durationsUs = Uint32Array.from(
    { length: values },
    () => Math.exp(8 + Math.random() + Math.random()) * (Math.random() < 0.02 ? 50 : 1),
  );
  const tick = new CurrentTick(createEventBuffers(2000));
  const sketches = Array.from({ length: labels }, () => new DDSketch({ relativeAccuracy: 0.01 }));
  const nanoseconds = async (work: () => void) => {
    const ms = await cpuMsDuring(() => {
      for (let pass = 0; pass < passes; pass++) work();
    });
    return (ms * 1e6) / (passes * values);
  };
  const [mine, peer]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    mine.push(await nanoseconds(() => countAll(tick, series, durationsUs)));
    peer.push(await nanoseconds(() => acceptAll(sketches, series, durationsUs)));
  }
  yield atMost(
    'histogram',
    'a duration of one of 50 labels, CPU ns',
    median(mine),
    ['DDSketch.accept', median(peer)],
    0.3,
  );
}

function countAll(tick: CurrentTick, series: Int32Array, durationsUs: Uint32Array): void {
  for (let i = 0; i < values; i++) tick.countTimed(series[i]!, 0, durationsUs[i]!, slowUs);
}

function acceptAll(sketches: readonly DDSketch[], series: Int32Array, durationsUs: Uint32Array): void {
  for (let i = 0; i < values; i++) sketches[series[i]!]!.accept(durationsUs[i]!);
}
