import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, range, scalarOf, series } from '../samples.ts';

const all = [series('m', { a: '1' }, [5]), series('m', { a: '2' }, [6])];

test('absent names what was asked for by equality', () => {
  assert.deepEqual(instant([], 'absent(m{a="1", b=~"x", c="2", c="3"})', 0), [['{a="1"}', 1]]);
  assert.deepEqual(instant(all, 'absent(m)', 0), []);
  assert.deepEqual(instant([], 'absent(sum(m{a="1"}))', 0), [['{}', 1]]);
});

test('scalar of anything but one series is NaN', () => {
  assert.equal(scalarOf('scalar(m{a="1"})', 0, all), 5);
  assert.equal(scalarOf('scalar(m)', 0, all), Number.NaN);
  assert.equal(scalarOf('scalar(nothing)', 0, all), Number.NaN);
});

test('absent is told for every step by itself', () => {
  assert.deepEqual(range(all, 'absent(m{a="1"})', 0, 600_000, 300_000), {
    '{a="1"}': [
      [300, 1],
      [600, 1],
    ],
  });
});
