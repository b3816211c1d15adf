import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { exitCodes } from './exit.ts';

/**
 * What the world asks of a running sidecar, one thing after the other. SIGTERM and SIGINT ask for the end, and the
 * second one of them ends the process at once; SIGHUP asks for a reload. What nobody caught ends the process too:
 * its state is not known any more, and what is committed is safe.
 */
export class RunSignals {
  /** Resolves when the end is asked for. */
  readonly ended: Promise<void>;
  readonly #log: () => Log;
  #isEnding = false;
  #reloadWhy: string | undefined;
  #wake = () => {};

  constructor(log: () => Log) {
    this.#log = log;
    process.on('SIGHUP', () => this.askReload('SIGHUP'));
    this.ended = new Promise((resolve) => {
      const end = (signal: NodeJS.Signals) => {
        if (this.#isEnding) process.exit(exitCodes.failed);
        log().info(`${signal}: ending; once more ends at once`);
        this.#isEnding = true;
        this.#wake();
        resolve();
      };
      process.on('SIGTERM', end);
      process.on('SIGINT', end);
    });
    process.on('uncaughtException', (error) => this.#fail(error));
    // Nobody reads the log or the notifications any more; the work goes on.
    process.stderr.on('error', () => {});
    process.stdout.removeAllListeners('error');
    process.stdout.on('error', () => {});
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Asks for a reload; several that were not taken yet are one. */
  askReload(why: string): void {
    this.#reloadWhy ??= why;
    this.#wake();
  }

  /** Resolves with why to reload, or with null when the end is asked for. */
  async next(): Promise<string | null> {
    for (;;) {
      if (this.#isEnding) return null;
      const why = this.#reloadWhy;
      this.#reloadWhy = undefined;
      if (why !== undefined) return why;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Promises that nobody awaited come here as well. */
  #fail(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.#log().error(
      `unexpected failure, ending: ${messageOf(error)}; what is committed is safe: start it again, and report this line`,
      { stack },
    );
    process.exit(exitCodes.failed);
  }
}
