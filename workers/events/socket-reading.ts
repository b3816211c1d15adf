import type { Reading } from '../contract/tasks.ts';
import {
  currentCell,
  type EventBuffers,
  eventLimits,
  totalCell,
  windowMeasurements,
} from '../contract/window-cells.ts';
import { reportedPart } from '../contract/wire.ts';
import { fieldsOf } from '../point/catalogue.ts';
import type { CurrentTick, GroupedDurations } from './current-tick.ts';
import type { InstanceBook } from './instance-book.ts';
import { PointLayout } from './point-layout.ts';
import { MergedDurations, meanMs, toldQuantiles, writeQuantiles } from './quantiles.ts';
import type { SeriesDirectory } from './series-directory.ts';
import { toldForMs } from './series-reading.ts';

const measurement = windowMeasurements.indexOf('socket');
const fields = fieldsOf('socket');
const bucketsEach = 1 << eventLimits.bucketBits;

/** The socket events of one process in one tick. */
export interface SocketTick {
  readonly process: string;
  count: number;
  total: number;
  timed: number;
  sumUs: number;
  maxUs: number;
  /** Its durations, in the buckets and counts of the reading. */
  from: number;
  end: number;
}

/** The points `socket`: one for each process, all its events together. */
export class SocketReading {
  /** Sparse durations of the ticks of `read`, in the order of buckets. */
  buckets = new Uint32Array(bucketsEach);
  counts = new Uint32Array(bucketsEach);
  readonly #directory: SeriesDirectory;
  readonly #seriesTotals: Float64Array;
  readonly #layout = new PointLayout();
  readonly #merged = new MergedDurations();

  constructor(directory: SeriesDirectory, buffers: EventBuffers) {
    this.#directory = directory;
    this.#seriesTotals = new Float64Array(buffers.seriesTotals);
  }

  /** What each process had in the tick that was appended to the log at `nowMs`, and its points; null without any. */
  read(
    tick: CurrentTick,
    durations: GroupedDurations,
    instances: InstanceBook,
    nowMs: number,
  ): { readonly reading: Reading | null; readonly ticks: readonly SocketTick[] } {
    const ticks = this.#ticksOf(tick, durations, instances, nowMs);
    if (ticks.length === 0) return { reading: null, ticks };
    this.#layout.use(
      ticks.map(({ process }) => process),
      (process) => ({ measurement: 'socket', tags: { process }, fields }),
    );
    const values = new Float64Array(ticks.length * fields.length).fill(Number.NaN);
    ticks.forEach((one, i) => {
      let at = i * fields.length;
      values[at++] = instances.connections(nowMs, one.process);
      if (one.count === 0 && !instances.reports(reportedPart.SOCKET, one.process)) return;
      values[at++] = one.count;
      values[at++] = one.total;
      if (one.timed === 0) return;
      values[at++] = meanMs(one.sumUs, one.timed);
      writeQuantiles(this.buckets, this.counts, one.from, one.end, one.maxUs, values, at);
      values[at + toldQuantiles.length] = one.maxUs / 1000;
    });
    return { reading: { source: 'socket', layout: this.#layout.text, values }, ticks };
  }

  #ticksOf(
    tick: CurrentTick,
    durations: GroupedDurations,
    instances: InstanceBook,
    nowMs: number,
  ): readonly SocketTick[] {
    const ofProcess = new Map<string, number[]>();
    const told = instances.reporting(reportedPart.SOCKET);
    for (const process of told) ofProcess.set(process, []);
    for (const series of this.#directory.known[measurement]!) {
      const { process } = this.#directory.names[series]!;
      const list = ofProcess.get(process);
      if (list) list.push(series);
      else ofProcess.set(process, [series]);
      const silentMs = nowMs - this.#seriesTotals[series * totalCell.LENGTH + totalCell.LAST_MS]!;
      if (silentMs <= toldForMs) told.add(process);
    }
    let end = 0;
    return [...told].sort().map((process) => {
      const one = this.#merge(process, ofProcess.get(process)!, tick, durations, end);
      end = one.end;
      return one;
    });
  }

  #merge(
    process: string,
    series: readonly number[],
    tick: CurrentTick,
    { starts, ends, buckets, counts }: GroupedDurations,
    from: number,
  ): SocketTick {
    const one: SocketTick = { process, count: 0, total: 0, timed: 0, sumUs: 0, maxUs: 0, from, end: from };
    this.#merged.clear();
    for (const each of series) {
      const row = each * currentCell.LENGTH;
      one.count += tick.countOf(each);
      one.timed += tick.cells[row + currentCell.TIMED]!;
      one.sumUs += tick.cells[row + currentCell.SUM_US]!;
      one.maxUs = Math.max(one.maxUs, tick.cells[row + currentCell.MAX_US]!);
      one.total += this.#seriesTotals[each * totalCell.LENGTH + totalCell.COUNT]!;
      for (let i = starts[each]!; i < ends[each]!; i++) this.#merged.add(buckets[i]!, counts[i]!);
    }
    if (from + bucketsEach > this.buckets.length) {
      this.buckets = grown(this.buckets);
      this.counts = grown(this.counts);
    }
    one.end = this.#merged.write(this.buckets, this.counts, from);
    return one;
  }
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
