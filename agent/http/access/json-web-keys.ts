import type { JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';

const freshForMs = 10 * 60_000;
/** How long keys are still taken when no newer ones can be had. */
const usableForMs = 60 * 60_000;
/** The least time between two requests for keys. */
const pauseMs = 30_000;
const timeoutMs = 5000;
const mostBytes = 256 * 1024;

/** No keys to check a token with: it may be right. */
export class KeysUnavailable extends Error {}

/**
 * The keys of a JWKS address (RFC 7517), fetched on first use, again after ten minutes, and when a token names a key
 * that is not among them, but at most every 30 s. While the address does not answer, keys of the last hour are
 * taken; without any `KeysUnavailable` is thrown.
 */
export class JsonWebKeys {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #keys: { readonly find: JWTVerifyGetKey; readonly atMs: number } | undefined;
  #hasFailed = false;
  #triedMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(url: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#url = url;
    this.#clock = clock;
    this.#log = log;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { errors } = await import('jose');
    if (this.#ageMs() > freshForMs) {
      const refreshed = this.#refresh();
      // Once the address did not answer, nobody waits for it who can be let in with the keys at hand.
      if (!this.#hasFailed || this.#ageMs() > usableForMs) await refreshed;
    }
    try {
      return await this.#usable()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      return this.#usable()(header, token);
    }
  };

  #ageMs(): number {
    return this.#keys ? this.#clock.monotonicMs() - this.#keys.atMs : Number.POSITIVE_INFINITY;
  }

  #usable(): JWTVerifyGetKey {
    if (!this.#keys || this.#ageMs() > usableForMs)
      throw new KeysUnavailable('the keys of the tokens cannot be fetched now');
    return this.#keys.find;
  }

  async #refresh(): Promise<void> {
    if (!this.#fetching && this.#clock.monotonicMs() - this.#triedMs < pauseMs) return;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    this.#triedMs = this.#clock.monotonicMs();
    try {
      const { createLocalJWKSet } = await import('jose');
      const find = createLocalJWKSet(JSON.parse(await fetchText(this.#url)));
      this.#keys = { find, atMs: this.#clock.monotonicMs() };
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
      this.#log.warn(`http: the keys of ${this.#url} cannot be fetched: ${messageOf(error)}${cause}`);
    }
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { Accept: 'application/jwk-set+json, application/json' },
  });
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`its answer is over ${mostBytes} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
