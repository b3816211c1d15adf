import type { ApiRequest, DatabaseQuery } from '../contract/events.ts';

/** Longest texts that are kept, in characters. */
const mostErrorCharacters = 200;
const mostQueryCharacters = 1000;

/**
 * The newest requests or queries since the last `clear`, in bounded memory: their numbers in arrays, their texts
 * shared by all that name the same.
 */
export class RecentEvents {
  readonly capacity: number;
  /** How many came since the last `clear`; the newest lies at (count − 1) % capacity. */
  count = 0;
  readonly timesMs: Float64Array;
  /** NaN where it was not timed. */
  readonly durationsUs: Float64Array;
  readonly statuses: Uint16Array;
  readonly processes: string[];
  /** Method or model. */
  readonly a: string[];
  /** Route or operation. */
  readonly b: string[];
  /** User or query. */
  readonly c: string[];
  readonly errors: string[];

  constructor(capacity: number) {
    this.capacity = capacity;
    this.timesMs = new Float64Array(capacity);
    this.durationsUs = new Float64Array(capacity);
    this.statuses = new Uint16Array(capacity);
    const texts = () => new Array<string>(capacity).fill('');
    [this.processes, this.a, this.b, this.c, this.errors] = [texts(), texts(), texts(), texts(), texts()];
  }

  /** Makes a place for the next one, in place of the oldest when there is no other; all its fields are to be set. */
  next(): number {
    const place = this.count % this.capacity;
    this.count++;
    return place;
  }

  /** Places of the newest `limit`, oldest first. */
  *newest(limit: number): Generator<number> {
    const first = this.count - Math.min(limit, this.capacity, this.count);
    for (let i = first; i < this.count; i++) yield i % this.capacity;
  }

  clear(): void {
    const used = Math.min(this.count, this.capacity);
    for (const texts of [this.processes, this.a, this.b, this.c, this.errors]) texts.fill('', 0, used);
    this.count = 0;
  }
}

/** JSON of `ApiRequest`. */
export function requestJson(events: RecentEvents, i: number): string {
  const request: ApiRequest = apiRequest(
    events.timesMs[i]!,
    events.durationsUs[i]!,
    events.statuses[i]!,
    events.a[i]!,
    events.b[i]!,
    events.c[i]!,
    events.errors[i]!,
  );
  return JSON.stringify(request);
}

/** A request as people see it; `responseTime` is NaN where it was not timed (null in JSON). */
export function apiRequest(
  timeMs: number,
  durationUs: number,
  statusCode: number,
  method: string,
  route: string,
  user: string,
  error: string,
): ApiRequest {
  return {
    timestamp: new Date(timeMs).toISOString(),
    endpoint: route,
    method,
    statusCode,
    responseTime: durationUs / 1000,
    ...(user !== '' && { userId: user }),
    ...(error !== '' && { error }),
  };
}

/** JSON of `DatabaseQuery`. Where model and operation say all, they are the query. */
export function queryJson(events: RecentEvents, i: number): string {
  const [model, operation] = [events.a[i]!, events.b[i]!];
  const query: DatabaseQuery = {
    timestamp: new Date(events.timesMs[i]!).toISOString(),
    query: events.c[i]! || [model, operation].filter((text) => text !== '').join('.'),
    duration: events.durationsUs[i]! / 1000,
    ...(model !== '' && { model }),
    ...(operation !== '' && { operation }),
  };
  return JSON.stringify(query);
}

export function cutError(text: string): string {
  return cut(text, mostErrorCharacters);
}

export function cutQuery(text: string): string {
  return cut(text, mostQueryCharacters);
}

/** The first characters, as a text of their own that does not keep the whole one in memory. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : Buffer.from(text.slice(0, most)).toString();
}
