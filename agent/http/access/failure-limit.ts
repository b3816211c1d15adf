import { LastUsed } from './last-used.ts';

/** How many wrong credentials are taken; each forgotten again after its time, one after the other. */
export interface FailureLimits {
  readonly ofAddress: number;
  readonly inAll: number;
  /** Milliseconds after which one failure of an address is forgotten. */
  readonly forgetOneMs: number;
  /** The same for those of all addresses together. */
  readonly forgetOneInAllMs: number;
}

export const defaultFailureLimits: FailureLimits = {
  ofAddress: 20,
  inAll: 200,
  forgetOneMs: 3000,
  forgetOneInAllMs: 300,
};

const mostAddresses = 4096;
const mostVerdicts = 2048;

/** Failures that leak away with time. */
interface Level {
  count: number;
  atMs: number;
}

/**
 * Bounds how fast credentials can be guessed, by address and in all. What repeats is not a guess: a wrong credential
 * counts once however often its owner sends it, and one that was right from an address is let through whatever
 * others there do. When all together fail too often, only addresses that have failed themselves have to wait.
 *
 * Credentials are named by a digest, never kept. Times are of a clock that only grows, in milliseconds.
 */
export class FailureLimit {
  readonly #limits: FailureLimits;
  readonly #addresses = new LastUsed<string, Level>(mostAddresses);
  readonly #verdicts = new LastUsed<string, 'right' | 'wrong'>(mostVerdicts);
  readonly #all: Level = { count: 0, atMs: 0 };

  constructor(limits: FailureLimits = defaultFailureLimits) {
    this.#limits = limits;
  }

  /** Seconds to wait before this credential may be tried; 0: at once. */
  waitSeconds(address: string, credential: string, nowMs: number): number {
    const place = placeOf(address);
    const level = this.#addresses.get(place);
    if (!level || this.#verdicts.get(`${place} ${credential}`) === 'right') return 0;
    const { ofAddress, inAll, forgetOneMs, forgetOneInAllMs } = this.#limits;
    const own = leaked(level, forgetOneMs, nowMs) + 1 - ofAddress;
    const failsNow = level.count > 0;
    const all = failsNow ? leaked(this.#all, forgetOneInAllMs, nowMs) + 1 - inAll : 0;
    return Math.ceil(Math.max(0, own * forgetOneMs, all * forgetOneInAllMs) / 1000);
  }

  right(address: string, credential: string): void {
    this.#verdicts.set(`${placeOf(address)} ${credential}`, 'right');
  }

  wrong(address: string, credential: string, nowMs: number): void {
    const place = placeOf(address);
    const key = `${place} ${credential}`;
    if (this.#verdicts.get(key) === 'wrong') return;
    this.#verdicts.set(key, 'wrong');
    const level = this.#addresses.get(place) ?? { count: 0, atMs: nowMs };
    for (const [one, forgetMs] of [
      [level, this.#limits.forgetOneMs],
      [this.#all, this.#limits.forgetOneInAllMs],
    ] as const) {
      one.count = leaked(one, forgetMs, nowMs) + 1;
      one.atMs = nowMs;
    }
    this.#addresses.set(place, level);
  }
}

/** What is left of a level now; settles it. */
function leaked(level: Level, forgetOneMs: number, nowMs: number): number {
  level.count = Math.max(0, level.count - (nowMs - level.atMs) / forgetOneMs);
  level.atMs = nowMs;
  return level.count;
}

/** Who has one IPv6 address usually has the 2^64 of its network: they count as one. */
function placeOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail === undefined) return groups.slice(0, 4).join(':');
  const behind = tail.split(':').filter((group) => group !== '');
  const zeros = new Array<string>(Math.max(0, 8 - groups.length - behind.length)).fill('0');
  return [...groups, ...zeros, ...behind].slice(0, 4).join(':');
}
