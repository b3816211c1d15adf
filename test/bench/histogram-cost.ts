import { DDSketch } from '@datadog/sketches-js';
import { createEventBuffers } from '../../workers/contract/window-cells.ts';
import { CurrentTick } from '../../workers/events/current-tick.ts';
import { cpuMsDuring } from './cost.ts';
import { median } from './row.ts';

/** Writes the CPU nanoseconds of a value, ours and the peer's, as JSON: see histogram.ts. */
const labels = 50;
const values = 1 << 16;
const passes = 20;
const rounds = 15;
const slowUs = 500_000;

const series = Int32Array.from({ length: values }, () => Math.floor(Math.random() * labels));
const durationsUs = Uint32Array.from(
  { length: values },
  () => Math.exp(8 + Math.random() + Math.random()) * (Math.random() < 0.02 ? 50 : 1),
);
const tick = new CurrentTick(createEventBuffers(2000));
const sketches = Array.from({ length: labels }, () => new DDSketch({ relativeAccuracy: 0.01 }));

function countAll(): void {
  for (let i = 0; i < values; i++) tick.countTimed(series[i]!, 0, durationsUs[i]!, slowUs);
}

function acceptAll(): void {
  for (let i = 0; i < values; i++) sketches[series[i]!]!.accept(durationsUs[i]!);
}

async function nanoseconds(work: () => void): Promise<number> {
  const ms = await cpuMsDuring(() => {
    for (let pass = 0; pass < passes; pass++) work();
  });
  return (ms * 1e6) / (passes * values);
}

const [ours, peer]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds; round++) {
  ours.push(await nanoseconds(countAll));
  peer.push(await nanoseconds(acceptAll));
}
process.stdout.write(JSON.stringify({ ours: median(ours), peer: median(peer) }));
