import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationBucket, sketchKey } from '../../../workers/events/duration-bucket.ts';
import { bucketKey } from '../../../workers/sketch/sketch.ts';
import { randomFrom } from './event-model.ts';

test('the bucket of every duration is the one that workers/sketch has for it', () => {
  const random = randomFrom(17);
  const durations = [
    ...Array.from({ length: 70_000 }, (_, i) => i + 1),
    ...Array.from({ length: 32 }, (_, i) => [2 ** i, 2 ** (i + 1) - 1]).flat(),
    ...Array.from({ length: 10_000 }, () => Math.max(1, Math.floor(random() * 2 ** 32))),
  ];
  for (const us of durations) {
    const bucket = durationBucket(us);
    assert.ok(bucket >= 0 && bucket < 2048, `${us}`);
    assert.equal(sketchKey(bucket), bucketKey(us), `${us}`);
  }
});
