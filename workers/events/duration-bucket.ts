/** Key in workers/sketch (`bucketKey`) of the first bucket: the one of 1. */
const firstKey = 1023 << 6;

/** Where the octave has fewer values than buckets, and for zero. */
const shortBuckets = Int32Array.from({ length: 64 }, (_, value) => {
  if (value === 0) return 0;
  const octave = 31 - Math.clz32(value);
  return (octave << 6) | ((value << (6 - octave)) & 63);
});

/**
 * The bucket of a whole number of microseconds from 0 to 2³² − 1, from 0 to 2047: 32 octaves of 64 linear buckets, as
 * `bucketKey` of workers/sketch has them, by integers alone. What took less than a microsecond counts as one.
 */
export function durationBucket(durationUs: number): number {
  if (durationUs < 64) return shortBuckets[durationUs]!;
  const octave = 31 - Math.clz32(durationUs);
  return (octave << 6) | ((durationUs >>> (octave - 6)) & 63);
}

/** The key that workers/sketch has for a bucket. */
export function sketchKey(bucket: number): number {
  return firstKey + bucket;
}
