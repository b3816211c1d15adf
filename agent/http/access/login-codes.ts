import { randomBytes } from 'node:crypto';
import type { Bearer } from '../tokens.ts';
import { digestOf } from '../tokens.ts';

export const codeLifetimeMs = 10 * 60_000;
/** Codes that may wait to be used; the oldest makes room. */
const mostCodes = 16;

interface Code {
  readonly bearer: Bearer;
  readonly endsMs: number;
}

/** Codes of login addresses: each opens one session, once, within ten minutes. Kept as digests, in memory only. */
export class LoginCodes {
  readonly #codes = new Map<string, Code>();

  /** `nowMs` is of a clock that only grows. */
  make(bearer: Bearer, nowMs: number): string {
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(digestOf(code), { bearer, endsMs: nowMs + codeLifetimeMs });
    if (this.#codes.size > mostCodes) this.#codes.delete(this.#codes.keys().next().value as string);
    return code;
  }

  /** Whom the code was made for; undefined when it is unknown, too old or used already. It is used now. */
  take(code: string, nowMs: number): Bearer | undefined {
    const digest = digestOf(code);
    const found = this.#codes.get(digest);
    this.#codes.delete(digest);
    return found && nowMs < found.endsMs ? found.bearer : undefined;
  }
}
