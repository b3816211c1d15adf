import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, instant, range, series } from './samples.ts';

const all = [
  series('m', { job: 'a', host: '1' }, [1]),
  series('m', { job: 'a', host: '2' }, [3]),
  series('m', { job: 'b', host: '1' }, [Number.NaN]),
  series('m', { job: 'b', host: '2' }, [8]),
];

const results: [string, [string, number][]][] = [
  [
    'sum by (job) (m)',
    [
      ['{job="a"}', 4],
      ['{job="b"}', Number.NaN],
    ],
  ],
  ['sum without (host) (m{job="a"})', [['{job="a"}', 4]]],
  ['avg(m{job="a"})', [['{}', 2]]],
  [
    'min by (job) (m)',
    [
      ['{job="a"}', 1],
      ['{job="b"}', 8],
    ],
  ],
  [
    'max by (job) (m)',
    [
      ['{job="a"}', 3],
      ['{job="b"}', 8],
    ],
  ],
  [
    'count by (host) (m)',
    [
      ['{host="1"}', 2],
      ['{host="2"}', 2],
    ],
  ],
  ['group(m)', [['{}', 1]]],
  ['stdvar(m{job="a"})', [['{}', 1]]],
  ['stddev(m{host="2"})', [['{}', 2.5]]],
  ['quantile(0.5, m{job="a"})', [['{}', 2]]],
  ['count by (__name__) (m)', [['m{}', 4]]],
  ['count by (missing) (m)', [['{}', 4]]],
  [
    'count_values("v", m == 1 or m == 3 or m{job="b"} == 8)',
    [
      ['{v="1"}', 1],
      ['{v="3"}', 1],
      ['{v="8"}', 1],
    ],
  ],
  [
    'count_values by (job) ("v", m > 0)',
    [
      ['{job="a",v="1"}', 1],
      ['{job="a",v="3"}', 1],
      ['{job="b",v="8"}', 1],
    ],
  ],
];

for (const [expr, expected] of results) {
  test(`${expr} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(instant(all, expr, 0), expected);
  });
}

test('nothing aggregates to nothing', () => {
  assert.deepEqual(instant([], 'sum(m)', 0), []);
  assert.deepEqual(instant([], 'count(m)', 0), []);
});

test('a group is there at the steps that one of its series is', () => {
  const some = [series('m', { a: '1' }, [1]), series('m', { a: '2' }, [1, 1, 1, 1, 1, 1])];
  assert.deepEqual(range(some, 'sum(m)', 0, 300_000, 300_000), {
    '{}': [
      [0, 2],
      [300, 1],
    ],
  });
});

test('sums keep what rounding would lose', () => {
  const big = [1, 1e100, 1, -1e100].map((value, index) => series('m', { i: String(index) }, [value]));
  assert.deepEqual(instant(big, 'sum(m)', 0), [['{}', 2]]);
});

test('an infinite sum stays infinite', () => {
  const big = [1e308, 1e308, 1].map((value, index) => series('m', { i: String(index) }, [value]));
  assert.deepEqual(instant(big, 'sum(m)', 0), [['{}', Number.POSITIVE_INFINITY]]);
});

test('values of count_values are written in full', () => {
  const odd = [1e21, 1e-7, -0, Number.POSITIVE_INFINITY].map((value, i) =>
    series('m', { i: String(i) }, [value]),
  );
  assert.deepEqual(
    instant(odd, 'count_values("v", m)', 0).map(([name]) => name),
    ['{v="1000000000000000000000"}', '{v="0.0000001"}', '{v="-0"}', '{v="+Inf"}'],
  );
});

test('an empty label for count_values is refused', () => {
  assert.match(errorOf(() => instant(all, 'count_values("", m)', 0)).reason, /invalid label name/);
});
