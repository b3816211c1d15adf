import type { FrameBatch } from '../../../workers/contract/events.ts';
import { layoutText } from '../../../workers/point/point.ts';

/** In events. received = kept + waiting + unreadable + workerFailed + overflowed, at any time. */
export interface IntakeCounts {
  /** They reached the agent. */
  readonly received: number;
  readonly kept: number;
  /** They are in a batch that was not taken, or not settled. */
  readonly waiting: number;
  readonly unreadable: number;
  readonly workerFailed: number;
  /** There was no room for them. */
  readonly overflowed: number;
  /** They were made and never reached the agent; not among the received. */
  readonly lost: number;
}

// Not `intake`: a point of that name tells whether the source is up, and two points of one name would be one.
const source = 'intake/events';

/** Of the values of `countValues`. */
export const countLayout = layoutText([
  { measurement: 'agent', tags: { source }, fields: ['events_received_total'] },
  ...['service', 'unreadable', 'worker_failed', 'overflow'].map((reason) => ({
    ...{ measurement: 'agent', tags: { source, reason }, fields: ['events_dropped_total'] },
  })),
]);

export function countValues(counts: IntakeCounts): Float64Array {
  const { received, lost, unreadable, workerFailed, overflowed } = counts;
  return Float64Array.of(received, lost, unreadable, workerFailed, overflowed);
}

/** What became of the events that reached the agent. */
export class EventLedger {
  #kept = 0;
  #unreadable = 0;
  #workerFailed = 0;
  #overflowed = 0;
  /** Records of batches that are with the worker. */
  readonly #unsettled = new Map<FrameBatch, number>();

  overflow(records: number): void {
    this.#overflowed += records;
  }

  handOver(batch: FrameBatch, records: number): void {
    this.#unsettled.set(batch, records);
  }

  /** The worker has processed a batch but for `refused` records; false when it was not with the worker. */
  settle(batch: FrameBatch, refused: number): boolean {
    const records = this.#unsettled.get(batch);
    if (records === undefined) return false;
    this.#unsettled.delete(batch);
    this.#kept += records - refused;
    this.#unreadable += refused;
    return true;
  }

  /** The worker failed on a batch, of which it had processed so many records before. */
  fail(batch: FrameBatch): void {
    const records = this.#unsettled.get(batch);
    if (records === undefined) return;
    this.#unsettled.delete(batch);
    this.#workerFailed += records;
  }

  /** `untaken`: events that wait and are not with the worker. */
  counts(received: number, lost: number, untaken: number): IntakeCounts {
    let waiting = untaken;
    for (const records of this.#unsettled.values()) waiting += records;
    return {
      ...{ received, kept: this.#kept, waiting, unreadable: this.#unreadable },
      ...{ workerFailed: this.#workerFailed, overflowed: this.#overflowed, lost },
    };
  }
}
