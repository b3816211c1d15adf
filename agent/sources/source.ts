import type { Reading } from '../../workers/contract/tasks.ts';

/**
 * Something that is read from the main loop once a tick: it waits for answers, it does not compute.
 *
 * The order of calls is `read`… then `close`, once. `read` is never called again before the promise of the call
 * before has settled. It settles in its own time: who calls it stops waiting at a deadline, takes the source for
 * down, and drops an answer that comes later. So `read` must bound what it waits for, or it stays down.
 */
export interface Source {
  /** Unique; value of the tag `source` and of `source_up`. */
  readonly name: string;
  /**
   * Reads once. `slow` is true at the ticks (every 10 s) that also read what is dear. Rejects when the source is
   * down: nothing of it is then known. A field that this reading did not ask for is NaN.
   */
  read(at: { readonly timeMs: number; readonly slow: boolean }): Promise<Reading>;
  /** What the last reading lacks though it succeeded, in words for a person; '' when it lacks nothing. */
  problem?(): string;
  close(): Promise<void>;
}
