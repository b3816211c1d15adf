import assert from 'node:assert/strict';
import type { DeliveryPort } from '../../../../agent/sinks/sink.ts';
import type {
  Batch,
  Cursor,
  DeliverResult,
  DeliverTask,
  RefusedLine,
} from '../../../../workers/contract/tasks.ts';

/** One destination's view of a store, in memory, with the store's rules for cursors and counts. */
export class FakeStore implements DeliveryPort {
  readonly #lines: string[] = [];
  readonly #pointsPerTick: number;
  #position = 0;
  delivered = 0;
  readonly quarantined: RefusedLine[] = [];
  readonly tasks: DeliverTask[] = [];
  /** The next task is rejected: before anything is done, or after the outcome was taken. */
  failNext: 'before' | 'after' | undefined;

  constructor(lines: readonly string[] = [], pointsPerTick = 7) {
    this.#pointsPerTick = pointsPerTick;
    this.append(lines);
  }

  append(lines: readonly string[]): void {
    for (const line of lines) this.#lines.push(line);
  }

  get waiting(): number {
    return this.#lines.length - this.#position;
  }

  deliver = async (task: DeliverTask): Promise<DeliverResult> => {
    this.tasks.push(task);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#fails('before')) throw new Error('the worker crashed before');
    if (task.outcome) this.#settle(task.outcome);
    if (this.#fails('after')) throw new Error('the worker crashed after');
    return task.maxPoints === 0 ? null : this.#read(task.maxPoints);
  };

  /** collected = delivered + waiting + quarantined. */
  assertBalanced(): void {
    assert.equal(this.delivered + this.waiting + this.quarantined.length, this.#lines.length);
  }

  #fails(moment: 'before' | 'after'): boolean {
    if (this.failNext !== moment) return false;
    this.failNext = undefined;
    return true;
  }

  #settle({ from, to, delivered, quarantined }: NonNullable<DeliverTask['outcome']>): void {
    if (this.#index(from) !== this.#position) throw new Error('the outcome does not begin at the cursor');
    const points = this.#index(to) - this.#position;
    if (delivered + quarantined.length !== points) throw new Error('the outcome does not add up');
    this.#position += points;
    this.delivered += delivered;
    this.quarantined.push(...quarantined);
  }

  #read(maxPoints: number): Batch | null {
    const lines = this.#lines.slice(this.#position, this.#position + maxPoints);
    if (lines.length === 0) return null;
    const end = this.#position + lines.length;
    return {
      from: this.#cursor(this.#position),
      to: this.#cursor(end),
      points: lines.length,
      text: lines.map((line) => `${line}\n`).join(''),
      more: end < this.#lines.length,
    };
  }

  #cursor(index: number): Cursor {
    return { seq: Math.floor(index / this.#pointsPerTick), offset: index % this.#pointsPerTick };
  }

  #index({ seq, offset }: Cursor): number {
    return seq * this.#pointsPerTick + offset;
  }
}

/** `count` points of a few series, oldest first: `m,s=0 v=0 1`. */
export function points(count: number, firstMs = 1): string[] {
  return Array.from({ length: count }, (_, i) => `m,s=${i % 3} v=${i} ${firstMs + i}`);
}
