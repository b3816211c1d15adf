import type { ApiRequest } from '../contract/events.ts';
import {
  type EventBuffers,
  eventControl,
  eventLimits,
  eventTotal,
  requestCell,
} from '../contract/window-cells.ts';
import { apiRequest } from './recent-events.ts';

/** A request of the ring. Its number is that of requests since the agent started, the first one 0. */
export interface RingRequest {
  readonly sequence: number;
  readonly request: ApiRequest & { readonly process: string };
}

const cellNumbers = requestCell.BYTES / 8;
const textAt = requestCell.TEXT_AT * 8;
const maxTries = 1000;

/** Reads the ring of the newest 1,000 requests beside its writer. */
export class RequestReader {
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;

  constructor(buffers: EventBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#totals = new Float64Array(buffers.totals);
    this.#numbers = new Float64Array(buffers.requests);
    this.#bytes = Buffer.from(buffers.requests);
  }

  /** The newest requests, newest first; those before the one numbered `before`, if given. */
  newest(limit: number, before = Number.POSITIVE_INFINITY): readonly RingRequest[] {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const sequence = Atomics.load(this.#control, eventControl.REQUESTS_SEQUENCE);
      if (sequence & 1) continue;
      const requests = this.#read(limit, before);
      if (Atomics.load(this.#control, eventControl.REQUESTS_SEQUENCE) === sequence) return requests;
    }
    return [];
  }

  #read(limit: number, before: number): RingRequest[] {
    const count = this.#totals[eventTotal.REQUESTS]!;
    const oldest = Math.max(0, count - eventLimits.requests);
    const requests: RingRequest[] = [];
    for (
      let sequence = Math.min(count, before) - 1;
      sequence >= oldest && requests.length < limit;
      sequence--
    ) {
      const request = this.#requestAt(sequence);
      if (request) requests.push({ sequence, request });
    }
    return requests;
  }

  /** Undefined where there was none: a worker was ended before it wrote it. */
  #requestAt(sequence: number): RingRequest['request'] | undefined {
    const cell = sequence % eventLimits.requests;
    const at = cell * cellNumbers;
    const length = Math.min(this.#numbers[at + requestCell.TEXT_LENGTH]!, requestCell.BYTES - textAt);
    if (length === 0) return undefined;
    const begin = cell * requestCell.BYTES + textAt;
    const text = this.#bytes.toString('utf8', begin, begin + length);
    const [process = '', method = '', route = '', user = '', ...error] = text.split('\0');
    const request = apiRequest(
      this.#numbers[at + requestCell.TIME_MS]!,
      this.#numbers[at + requestCell.DURATION_US]!,
      this.#numbers[at + requestCell.STATUS]!,
      method,
      route,
      user,
      error.join('\0'),
    );
    return { ...request, process };
  }
}
