import type { Clock } from '../../../../agent/clock.ts';

interface Sleeper {
  readonly ms: number;
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  /** What `random` gives. */
  chance = 0;
  readonly #startMs: number;
  #elapsedMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(startMs = Date.UTC(2026, 0, 31, 12)) {
    this.#startMs = startMs;
  }

  now = (): number => this.#startMs + this.#elapsedMs;
  monotonicMs = (): number => this.#elapsedMs;
  random = (): number => this.chance;

  sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { ms, atMs: this.#elapsedMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });
  };

  advance(ms: number): void {
    this.#elapsedMs += ms;
    for (const sleeper of this.#sleepers.filter(({ atMs }) => atMs <= this.#elapsedMs)) sleeper.wake();
  }

  /** Waits until somebody sleeps for a time that `wanted` takes, and gives it. */
  async sleeping(wanted: (ms: number) => boolean): Promise<number> {
    for (const end = performance.now() + 15_000; performance.now() < end; ) {
      const sleeper = this.#sleepers.find(({ ms }) => wanted(ms));
      if (sleeper) return sleeper.ms;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`nobody slept so; asleep: ${this.#sleepers.map(({ ms }) => ms).join(', ')}`);
  }
}
