import {
  type EventBuffers,
  eventControl,
  eventLimits,
  eventTotal,
  requestCell,
} from '../contract/window-cells.ts';
import type { RecentEvents } from './recent-events.ts';

const cellNumbers = requestCell.BYTES / 8;
const textAt = requestCell.TEXT_AT * 8;

/** The one writer of the newest 1,000 requests. */
export class RequestRing {
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;

  /** Takes over buffers as they are. */
  constructor(buffers: EventBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#totals = new Float64Array(buffers.totals);
    this.#numbers = new Float64Array(buffers.requests);
    this.#bytes = Buffer.from(buffers.requests);
    if (this.#control[eventControl.REQUESTS_SEQUENCE]! & 1)
      Atomics.add(this.#control, eventControl.REQUESTS_SEQUENCE, 1);
  }

  /** Adds the newest of these requests. Those that it has no room for are counted in their sequence numbers. */
  add(requests: RecentEvents): void {
    if (requests.count === 0) return;
    const end = this.#totals[eventTotal.REQUESTS]! + requests.count;
    let sequence = end - Math.min(requests.count, requests.capacity, eventLimits.requests);
    Atomics.add(this.#control, eventControl.REQUESTS_SEQUENCE, 1);
    for (const i of requests.newest(eventLimits.requests)) this.#put(sequence++, requests, i);
    this.#totals[eventTotal.REQUESTS] = end;
    Atomics.add(this.#control, eventControl.REQUESTS_SEQUENCE, 1);
  }

  #put(sequence: number, requests: RecentEvents, i: number): void {
    const cell = sequence % eventLimits.requests;
    const at = cell * cellNumbers;
    const { processes, a, b, c, errors } = requests;
    const text = `${processes[i]!}\0${a[i]!}\0${b[i]!}\0${c[i]!}\0${errors[i]!}`;
    const begin = cell * requestCell.BYTES + textAt;
    const length = this.#bytes.write(text, begin, requestCell.BYTES - textAt);
    this.#numbers[at + requestCell.TIME_MS] = requests.timesMs[i]!;
    this.#numbers[at + requestCell.DURATION_US] = requests.durationsUs[i]!;
    this.#numbers[at + requestCell.STATUS] = requests.statuses[i]!;
    this.#numbers[at + requestCell.TEXT_LENGTH] = length;
  }
}
