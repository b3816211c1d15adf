import type { LabelSet } from '../contract/alerts.ts';
import type { RingReader, RingSamples } from '../ring/ring-reader.ts';

/** A queue in the last minutes; NaN is not known. Rates are jobs a second. */
export interface QueueState {
  readonly tags: LabelSet;
  /** Waiting and prioritized jobs. */
  readonly backlog: number;
  readonly active: number;
  readonly delayed: number;
  readonly paused: number;
  readonly workers: number;
  /** Share of the last readings in which a rate limit held jobs back. */
  readonly rateLimitedShare: number;
  readonly overdue: number;
  readonly stalled: number;
  readonly oldestAgeMs: number;
  /** The most jobs that were active at once. */
  readonly mostActive: number;
  readonly finishedRate: number;
  readonly failedRate: number;
  readonly arrivalRate: number;
  /** How long no job has finished; a longer one is not known of. */
  readonly noFinishMs: number;
  /** The last known one, and the median of those before. */
  readonly runMs: number;
  readonly usualRunMs: number;
  readonly longRunMs: number;
}

/** Readings that come every 10 s come every minute at the worst. */
const freshMs = 150_000;
const rateMs = 120_000;
const ringMs = 900_000;
const tags = ['redis', 'prefix', 'queue'] as const;

type Columns = ReadonlyMap<string, number>;

interface Queue {
  readonly tags: LabelSet;
  readonly columns: Map<string, number>;
}

/** Reads the queues of the ring. Its view of the names is as of its making. */
export class QueueStates {
  readonly #ring: RingReader;
  readonly #nowMs: number;
  readonly #queues = new Map<string, Queue>();

  constructor(ring: RingReader, nowMs: number) {
    this.#ring = ring;
    this.#nowMs = nowMs;
    for (const { tags: own, field, column } of ring.seriesOf('queue')) {
      const key = keyOf(own);
      let queue = this.#queues.get(key);
      if (!queue) {
        queue = { tags: own, columns: new Map() };
        this.#queues.set(key, queue);
      }
      queue.columns.set(field, column);
    }
  }

  /** The queue that the labels name; of several the one with most jobs waiting. Undefined when none is known now. */
  find(labels: LabelSet): QueueState | undefined {
    const found = this.#queues.get(keyOf(labels)) ?? this.#longest(labels);
    if (!found || Number.isNaN(this.#latest(found.columns, 'paused'))) return undefined;
    return this.#read(found.tags, found.columns);
  }

  #longest(labels: LabelSet): Queue | undefined {
    let longest: Queue | undefined;
    let most = -1;
    for (const queue of this.#queues.values()) {
      if (!tags.every((tag) => labels[tag] === undefined || labels[tag] === queue.tags[tag])) continue;
      const waiting = this.#latest(queue.columns, 'waiting');
      if (waiting > most || !longest) longest = queue;
      if (waiting > most) most = waiting;
    }
    return longest;
  }

  #read(own: LabelSet, columns: Columns): QueueState {
    const latest = (field: string) => this.#latest(columns, field);
    const backlog = latest('waiting') + latest('prioritized');
    const completed = this.#samples(columns, 'completed_total', ringMs);
    const failed = this.#samples(columns, 'failed_total', ringMs);
    const completedRate = rateOf(completed, this.#nowMs - rateMs);
    const failedRate = rateOf(failed, this.#nowMs - rateMs);
    const finishedRate = completedRate + failedRate;
    const runs = this.#samples(columns, 'run_p50_ms', ringMs).values;
    return {
      tags: own,
      backlog,
      active: latest('active'),
      delayed: latest('delayed'),
      paused: latest('paused'),
      workers: latest('workers'),
      rateLimitedShare: meanOf(this.#samples(columns, 'rate_limited', freshMs).values),
      overdue: latest('overdue'),
      stalled: latest('stalled'),
      oldestAgeMs: latest('oldest_waiting_age_ms'),
      mostActive: largestOf(this.#samples(columns, 'active', ringMs).values),
      finishedRate,
      failedRate,
      arrivalRate: Math.max(0, finishedRate + this.#growth(columns)),
      noFinishMs: Math.min(sinceGrowth(completed, this.#nowMs), sinceGrowth(failed, this.#nowMs)),
      runMs: runs.at(-1) ?? Number.NaN,
      usualRunMs: middleOf(runs.subarray(0, Math.floor(runs.length / 2))),
      longRunMs: largestOf(this.#samples(columns, 'run_p95_ms', ringMs).values),
    };
  }

  /** Jobs by which the queue grows in a second, those that are worked on and delayed ones included. */
  #growth(columns: Columns): number {
    let grown = 0;
    for (const field of ['waiting', 'prioritized', 'active', 'delayed']) {
      const { timestampsMs, values } = this.#samples(columns, field, rateMs);
      const seconds = ((timestampsMs.at(-1) ?? Number.NaN) - (timestampsMs[0] ?? Number.NaN)) / 1000;
      grown += seconds > 0 ? (values.at(-1)! - values[0]!) / seconds : Number.NaN;
    }
    return grown;
  }

  #latest(columns: Columns, field: string): number {
    return this.#samples(columns, field, freshMs).values.at(-1) ?? Number.NaN;
  }

  #samples(columns: Columns, field: string, spanMs: number): RingSamples {
    const column = columns.get(field);
    const found =
      column === undefined ? undefined : this.#ring.samples(column, this.#nowMs - spanMs, this.#nowMs);
    return found ?? { timestampsMs: new Float64Array(0), values: new Float64Array(0) };
  }
}

function keyOf({ redis, prefix, queue }: LabelSet): string {
  return `${redis}\0${prefix}\0${queue}`;
}

/** Of a counter since `fromMs`, falls left out; NaN of fewer than two readings. */
function rateOf({ timestampsMs, values }: RingSamples, fromMs: number): number {
  let [grown, seconds] = [0, 0];
  for (let i = 1; i < values.length; i++) {
    if (timestampsMs[i - 1]! < fromMs || values[i]! < values[i - 1]!) continue;
    grown += values[i]! - values[i - 1]!;
    seconds += (timestampsMs[i]! - timestampsMs[i - 1]!) / 1000;
  }
  return seconds > 0 ? grown / seconds : Number.NaN;
}

/** How long a counter has not grown, as far back as it is known; NaN when it is not. */
function sinceGrowth({ timestampsMs, values }: RingSamples, nowMs: number): number {
  for (let i = values.length - 1; i > 0; i--) {
    if (values[i]! > values[i - 1]!) return nowMs - timestampsMs[i]!;
  }
  return values.length > 1 ? nowMs - timestampsMs[0]! : Number.NaN;
}

function meanOf(values: Float64Array): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function largestOf(values: Float64Array): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => Math.max(a, b));
}

function middleOf(values: Float64Array): number {
  return values.slice().sort()[values.length >> 1] ?? Number.NaN;
}
