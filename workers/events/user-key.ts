import { createHmac } from 'node:crypto';
import { cleanText } from './series-name.ts';

/** Users of which the hash is remembered, in each of two generations. */
const remembered = 10_000;
/** Longest id that is kept as it is. */
const mostBytes = 128;

/**
 * Turns ids of users and sessions into what may leave the agent: HMAC-SHA-256 by the key, cut to 16 hexadecimal
 * digits; each once while it is remembered. Without a key ids stay as they are, cut at 128 bytes. '' stays ''.
 */
export class UserKey {
  readonly #key: Buffer;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** `key` is hexadecimal; '' leaves ids as they are. */
  constructor(key: string) {
    this.#key = Buffer.from(key, 'hex');
  }

  hash(id: string): string {
    if (id === '') return '';
    if (this.#key.length === 0) return cleanText(id, mostBytes);
    const known = this.#young.get(id);
    if (known !== undefined) return known;
    const hash = this.#old.get(id) ?? createHmac('sha256', this.#key).update(id).digest('hex').slice(0, 16);
    if (this.#young.size >= remembered) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, hash);
    return hash;
  }
}
