import { messageOf } from './errors.ts';

/** A step to undo: its name for the log, and what ends it. */
interface Cleanup {
  readonly name: string;
  readonly end: () => unknown;
}

/** How long, in milliseconds, a destination may go on delivering when the agent ends. */
export const flushMs = 2500;
/** How long the steps of ending may take. */
export const endWithin = { stepMs: 3000, totalMs: 4000 };

/** A step gets at least this long, however late it is, in milliseconds. */
const leastStepMs = 100;

/**
 * Cleanups in the order of starting; they run last in, first out, bounded one by one and all together, and one that
 * fails or hangs does not keep the others from running.
 */
export class Lifecycle {
  readonly #cleanups: Cleanup[] = [];
  #closing: Promise<string[]> | undefined;

  defer(name: string, end: () => unknown): void {
    this.#cleanups.push({ name, end });
  }

  /**
   * Ends everything once; resolves with the troubles met, in words. A step may take `stepMs`, and less when all
   * together would take longer than `totalMs`. Further calls give the same promise.
   */
  close({ stepMs, totalMs }: { readonly stepMs: number; readonly totalMs: number }): Promise<string[]> {
    this.#closing ??= this.#run(stepMs, performance.now() + totalMs);
    return this.#closing;
  }

  async #run(stepMs: number, endMs: number): Promise<string[]> {
    const troubles: string[] = [];
    for (let step = this.#cleanups.pop(); step; step = this.#cleanups.pop()) {
      const { name, end } = step;
      const mostMs = Math.round(Math.max(leastStepMs, Math.min(stepMs, endMs - performance.now())));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not ended after ${mostMs} ms`)), mostMs);
      });
      try {
        await Promise.race([end(), late]);
      } catch (error) {
        troubles.push(`${name}: ${messageOf(error)}`);
      } finally {
        clearTimeout(timer);
      }
    }
    return troubles;
  }
}
