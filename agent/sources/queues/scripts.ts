import { createHash } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { Connection } from './connection.ts';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * Runs scripts that only read. Redis 7 has commands that let a script do nothing else and so prove it; older ones
 * get the plain commands. Keys of a script are the bases `<prefix>:<queue>:` that BullMQ's own scripts are given
 * too; the keys below them are not declared one by one.
 */
export class ScriptRunner {
  readonly #connection: Connection;
  #suffix: '_RO' | '' = '_RO';
  #learnedFrom = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The reply of the script; rejects with Redis's own error. */
  async run(
    { text, sha }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    if (this.#learnedFrom !== this.#connection.made) {
      this.#learnedFrom = this.#connection.made;
      this.#suffix = '_RO';
    }
    const suffix = this.#suffix;
    const rest = [keys.length, ...keys, ...args];
    try {
      return await this.#connection.call(`EVALSHA${suffix}`, sha, ...rest);
    } catch (error) {
      const message = messageOf(error);
      if (message.startsWith('NOSCRIPT')) return this.#connection.call(`EVAL${suffix}`, text, ...rest);
      if (suffix === '' || !/^NOPERM|unknown command/i.test(message)) throw error;
      this.#suffix = '';
      return this.run({ text, sha }, keys, args);
    }
  }
}

/** True when Redis forbids scripts, or forbids one over keys of several cluster slots. */
export function scriptsForbidden(error: unknown): boolean {
  return /^(NOPERM|CROSSSLOT)|unknown command/i.test(messageOf(error));
}
