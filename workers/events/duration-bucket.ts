/** Key in workers/sketch (`bucketKey`) of the first bucket: the one of 1. */
const firstKey = 1023 << 6;

/** Where the octave has fewer values than buckets. */
const shortBuckets = Int32Array.from({ length: 64 }, (_, value) => {
  const octave = 31 - Math.clz32(value);
  return (octave << 6) | ((value << (6 - octave)) & 63);
});

/**
 * The bucket of a whole number of microseconds from 1 to 2³² − 1, from 0 to 2047: 32 octaves of 64 linear buckets, as
 * `bucketKey` of workers/sketch has them, by integers alone.
 */
export function durationBucket(durationUs: number): number {
  if (durationUs < 64) return shortBuckets[durationUs]!;
  // Octave × 64 + the six bits below the first one; with that one the shifted value is 64 too high.
  const shift = 25 - Math.clz32(durationUs);
  return (shift << 6) + (durationUs >>> shift) + 320;
}

/** The key that workers/sketch has for a bucket. */
export function sketchKey(bucket: number): number {
  return firstKey + bucket;
}
