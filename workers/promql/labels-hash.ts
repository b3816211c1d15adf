import type { Labels } from './labels.ts';

const mask = (1n << 64n) - 1n;
const primes = [
  11400714785074694791n,
  14029467366897019727n,
  1609587929392839161n,
  9650029242287828579n,
  2870177450012600261n,
] as const;

/**
 * The hash by which `limit_ratio` picks series: xxHash64 of the names and values, each after its length, as
 * Prometheus keeps labels in memory (model/labels/labels_stringlabels.go).
 */
export function labelsHash(labels: Labels): bigint {
  return xxHash64(Buffer.concat(labels.pairs.flatMap(sized)));
}

function sized(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const size = length < 255 ? [length] : [255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff];
  return [Buffer.from(size), bytes];
}

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}

function round(lane: bigint, input: bigint): bigint {
  return (rotated((lane + input * primes[1]) & mask, 31n) * primes[0]) & mask;
}

/** https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, with the seed 0. */
export function xxHash64(input: Buffer): bigint {
  let at = 0;
  let hash: bigint;
  if (input.length >= 32) {
    const lanes = [(primes[0] + primes[1]) & mask, primes[1], 0n, -primes[0] & mask];
    for (; at + 32 <= input.length; at += 32) {
      for (let lane = 0; lane < 4; lane++)
        lanes[lane] = round(lanes[lane]!, input.readBigUInt64LE(at + lane * 8));
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, lane) => (sum + rotated(lanes[lane]!, bits)) & mask, 0n);
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * primes[0] + primes[3]) & mask;
  } else hash = primes[4];
  hash = (hash + BigInt(input.length)) & mask;
  for (; at + 8 <= input.length; at += 8) {
    hash = (rotated(hash ^ round(0n, input.readBigUInt64LE(at)), 27n) * primes[0] + primes[3]) & mask;
  }
  if (at + 4 <= input.length) {
    const word = (BigInt(input.readUInt32LE(at)) * primes[0]) & mask;
    hash = (rotated(hash ^ word, 23n) * primes[1] + primes[2]) & mask;
    at += 4;
  }
  for (; at < input.length; at++) {
    hash = (rotated(hash ^ ((BigInt(input[at]!) * primes[4]) & mask), 11n) * primes[0]) & mask;
  }
  hash = ((hash ^ (hash >> 33n)) * primes[1]) & mask;
  hash = ((hash ^ (hash >> 29n)) * primes[2]) & mask;
  return hash ^ (hash >> 32n);
}
