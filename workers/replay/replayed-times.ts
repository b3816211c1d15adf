import type { SampleSeries } from '../promql/index.ts';

/** Without a tick for so long nothing was evaluated. */
const mostGapMs = 60_000;

/** At which times of a chunk the agent was there. Times are asked in ascending order. */
export class RecordedTimes {
  readonly #ticksMs: Float64Array;
  /** Before it only minutes are stored: every time counts. */
  readonly #rawFromMs: number;
  #next = 0;
  #lastMs = Number.NaN;

  /** @param ticksMs times of ticks, ascending, from a minute before the chunk on */
  constructor(ticksMs: Float64Array, rawFromMs: number) {
    this.#ticksMs = ticksMs;
    this.#rawFromMs = rawFromMs;
  }

  has(timeMs: number): boolean {
    if (timeMs < this.#rawFromMs + mostGapMs) return true;
    if (timeMs < this.#lastMs) this.#next = 0;
    this.#lastMs = timeMs;
    while (this.#next < this.#ticksMs.length && this.#ticksMs[this.#next]! <= timeMs) this.#next++;
    return this.#next > 0 && timeMs - this.#ticksMs[this.#next - 1]! <= mostGapMs;
  }
}

/** Which sources were down when, from the series `agent_source_up`. Times are asked in ascending order. */
export class DownSources {
  /** From each time on, ascending. */
  readonly #changes: { readonly fromMs: number; readonly sources: readonly string[] }[] = [];
  #next = 0;

  constructor(series: readonly SampleSeries[]) {
    const turns: { readonly timeMs: number; readonly source: string; readonly isDown: boolean }[] = [];
    for (const { labels, timestampsMs, values } of series) {
      let wasDown = false;
      for (let i = 0; i < values.length; i++) {
        const isDown = values[i] === 0;
        if (isDown !== wasDown) turns.push({ timeMs: timestampsMs[i]!, source: labels.source ?? '', isDown });
        wasDown = isDown;
      }
    }
    turns.sort((a, b) => a.timeMs - b.timeMs);
    const down = new Set<string>();
    for (const { timeMs, source, isDown } of turns) {
      if (isDown) down.add(source);
      else down.delete(source);
      this.#changes.push({ fromMs: timeMs, sources: [...down] });
    }
  }

  at(timeMs: number): readonly string[] {
    if (this.#changes.length === 0) return none;
    if (this.#next > 0 && this.#changes[this.#next - 1]!.fromMs > timeMs) this.#next = 0;
    while (this.#next < this.#changes.length && this.#changes[this.#next]!.fromMs <= timeMs) this.#next++;
    return this.#next === 0 ? none : this.#changes[this.#next - 1]!.sources;
  }
}

const none: readonly string[] = [];
