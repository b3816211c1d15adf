import type { Clock } from '../../clock.ts';

/** Most points in one request. */
const maxBatchPoints = 5000;

/** Batches that go well before a smaller batch size is raised again, by a tenth. */
const batchesToGrow = 10;

/** How much is sent at once and how soon the next may follow. */
export class Pace {
  readonly #pointsPerSecond: number;
  readonly #clock: Clock;
  #limit = maxBatchPoints;
  #wentWell = 0;
  #notBeforeMs = 0;

  constructor(pointsPerSecond: number, clock: Clock) {
    this.#pointsPerSecond = pointsPerSecond;
    this.#clock = clock;
  }

  /** Points of the next batch: what the server was seen to take, and no more than a second's worth. */
  maxPoints(): number {
    return Math.min(this.#limit, this.#pointsPerSecond);
  }

  /** A request of `points` was too much. */
  tooLarge(points: number): void {
    this.#limit = Math.ceil(Math.min(points, this.#limit) / 2);
    this.#wentWell = 0;
  }

  /** A batch was delivered. Its successor follows at the set rate, or up to a fifth later: agents must not beat together. */
  delivered(points: number): void {
    const now = this.#clock.monotonicMs();
    const spacingMs = (points / this.#pointsPerSecond) * 1000 * (1 + 0.2 * this.#clock.random());
    this.#notBeforeMs = Math.max(this.#notBeforeMs, now) + spacingMs;
    if (this.#limit < maxBatchPoints && ++this.#wentWell >= batchesToGrow) {
      this.#limit = Math.min(maxBatchPoints, Math.ceil(this.#limit * 1.1));
      this.#wentWell = 0;
    }
  }

  /** Milliseconds until the next batch may be sent. */
  dueInMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }
}
