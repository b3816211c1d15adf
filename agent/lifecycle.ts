import { messageOf } from './errors.ts';

/** A step to undo: its name for the log, and what ends it. */
interface Cleanup {
  readonly name: string;
  readonly end: () => Promise<void> | void;
}

/**
 * Cleanups in the order of starting; they run last in, first out, each bounded, and one that fails or hangs does
 * not keep the others from running.
 */
export class Lifecycle {
  readonly #cleanups: Cleanup[] = [];
  #closing: Promise<string[]> | undefined;

  defer(name: string, end: () => Promise<void> | void): void {
    this.#cleanups.push({ name, end });
  }

  /** Ends everything once; resolves with the troubles met, in words. Further calls give the same promise. */
  close(stepTimeoutMs: number): Promise<string[]> {
    this.#closing ??= this.#run(stepTimeoutMs);
    return this.#closing;
  }

  async #run(stepTimeoutMs: number): Promise<string[]> {
    const troubles: string[] = [];
    for (let step = this.#cleanups.pop(); step; step = this.#cleanups.pop()) {
      const { name, end } = step;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not ended after ${stepTimeoutMs} ms`)), stepTimeoutMs);
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
