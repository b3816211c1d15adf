import type { RuleGroup } from '../contract/alerts.ts';
import { textHash } from './fingerprint.ts';

/** Groups below this interval have no offset: they are meant to follow each tick. */
const leastOffsetIntervalMs = 10_000;

/**
 * When groups are due: once a slot, the slots being multiples of the group's interval. Those with a long interval are
 * moved apart by an offset that is always the same for a group (Prometheus, rules/group.go, EvalTimestamp).
 */
export class RuleSchedule {
  readonly #groups: readonly { readonly intervalMs: number; readonly offsetMs: number }[];
  readonly #lastSlots: number[];

  constructor(groups: readonly RuleGroup[]) {
    const shortestMs = Math.min(...groups.map(({ intervalMs }) => intervalMs));
    this.#groups = groups.map(({ file, name, intervalMs }) => {
      const isMoved = intervalMs >= leastOffsetIntervalMs && intervalMs > shortestMs;
      const offsetMs = isMoved ? textHash(`${file};${name}`) % intervalMs : 0;
      return { intervalMs, offsetMs: offsetMs - (offsetMs % shortestMs) };
    });
    this.#lastSlots = groups.map(() => Number.NaN);
  }

  /** Groups that were not evaluated in the slot of this time; all of them at first. */
  due(timeMs: number): number[] {
    return [...this.#groups.keys()].filter((index) => this.#slot(index, timeMs) !== this.#lastSlots[index]);
  }

  evaluated(index: number, timeMs: number): void {
    this.#lastSlots[index] = this.#slot(index, timeMs);
  }

  /** When the next slot of any group begins, milliseconds since 1970; Infinity without groups. */
  nextDueMs(timeMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [index, { intervalMs, offsetMs }] of this.#groups.entries()) {
      const slot = this.#slot(index, timeMs);
      const dueMs = slot === this.#lastSlots[index] ? (slot + 1) * intervalMs + offsetMs : timeMs;
      nextMs = Math.min(nextMs, dueMs);
    }
    return nextMs;
  }

  #slot(index: number, timeMs: number): number {
    const { intervalMs, offsetMs } = this.#groups[index]!;
    return Math.floor((timeMs - offsetMs) / intervalMs);
  }
}
