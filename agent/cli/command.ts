import type { Argv } from 'yargs';

/** A command: what yargs wants to know of it, and a handler that gives the exit code. */
export interface Command<Args> {
  readonly command: string;
  readonly describe: string;
  /** Declares the options; what it declares is what `Args` names. */
  readonly builder: (yargs: Argv) => unknown;
  readonly handler: (args: Args) => Promise<number>;
}
