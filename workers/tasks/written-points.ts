import { Refusals } from '../contract/refusals.ts';
import type { TickSettings } from '../contract/tasks.ts';
import type { WriteResult, WriteTask } from '../contract/written.ts';
import type { Store } from '../store/store.ts';
import { Admission } from '../written/admission.ts';
import { LineReader } from '../written/line-reader.ts';

/** A tick that is due waits for the part at hand: its points are as many as take about so long, in milliseconds. */
const partMs = { least: 10, most: 30 };
const points = { first: 500, least: 100, most: 5000 };
/** How far points may lie in the future: clocks differ. */
const futureMs = 600_000;

/** Takes what others write, part by part. What it remembers is names only. */
export class WrittenPoints {
  readonly #reader = new LineReader(new Admission());
  #tags = '';
  #mostPoints = points.first;

  /** Throws what the store throws; the part can then be written again. */
  write({ body, offset, precision, nowMs }: WriteTask, settings: TickSettings, store: Store): WriteResult {
    const startMs = performance.now();
    const { commonTags, retention } = settings;
    const tags = JSON.stringify(commonTags);
    if (tags !== this.#tags) this.#reader.clear();
    this.#tags = tags;
    const refusals = new Refusals();
    const bounds = { oldestMs: nowMs - retention.rawMs, newestMs: nowMs + futureMs };
    const { points: found, next } = this.#reader.read(
      new Uint8Array(body),
      offset,
      this.#mostPoints,
      { precision, commonTags, nowMs, ...bounds },
      refusals,
    );
    const stored = found.length > 0 ? store.write(found) : 0;
    const thinned = found.length - stored;
    if (thinned > 0) refusals.refuse('points of a time that is kept by minutes only', thinned);
    this.#pace(performance.now() - startMs);
    return { next, stored, refused: refusals.told() };
  }

  #pace(tookMs: number): void {
    if (tookMs > partMs.most) this.#mostPoints = Math.max(points.least, this.#mostPoints >> 1);
    else if (tookMs < partMs.least) this.#mostPoints = Math.min(points.most, this.#mostPoints * 2);
  }
}
