/**
 * What the parts count about the agent itself. Each part adds to its own counter; the `self` source reads them.
 */
export class SelfStats {
  /** Interval in force, milliseconds. */
  intervalMs = 0;
  /** How many times less often than usual the dear readings are due. */
  slowFactor = 1;
  /** How far the agent has gone down for its CPU budget: 0 is not at all. */
  budgetLevel = 0;
  /** Ticks without a committed row. */
  ticksMissed = 0;
  /** Field values that were infinite. */
  valuesRefused = 0;
  /** Points collected since the store was begun; NaN before the first tick. */
  pointsCollected = Number.NaN;
  /** Bytes of the embedded store in use. */
  storeBytes = Number.NaN;

  readonly #taskMs = new Float64Array(100).fill(Number.NaN);
  #tasks = 0;
  readonly #redisCounters: (() => number)[] = [];

  /** Notes how long a tick task took, from handing over to result. */
  taskTook(ms: number): void {
    this.#taskMs[this.#tasks++ % this.#taskMs.length] = ms;
  }

  /** 99th percentile of the last 100 tick tasks, in milliseconds; NaN before the first. */
  taskP99Ms(): number {
    const count = Math.min(this.#tasks, this.#taskMs.length);
    if (count === 0) return Number.NaN;
    return this.#taskMs.slice(0, count).sort()[Math.ceil(count * 0.99) - 1]!;
  }

  /** Adds a part that sends commands to a Redis. */
  countRedisCommandsOf(counter: () => number): void {
    this.#redisCounters.push(counter);
  }

  redisCommands(): number {
    return this.#redisCounters.reduce((sum, counter) => sum + counter(), 0);
  }
}
