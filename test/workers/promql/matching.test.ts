import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, gap, instant, range, series } from './samples.ts';

const requests = [
  series('requests', { job: 'a', code: '200' }, [90]),
  series('requests', { job: 'a', code: '500' }, [10]),
  series('requests', { job: 'b', code: '200' }, [50]),
];
const limits = [
  series('limit', { job: 'a', team: 'x' }, [100]),
  series('limit', { job: 'c', team: 'y' }, [5]),
];
const all = [...requests, ...limits];

const results: [string, [string, number][]][] = [
  ['requests{code="200"} - ignoring(code) requests{code="500"}', [['{job="a"}', 80]]],
  ['requests{code="500"} / on(job) limit', [['{job="a"}', 0.1]]],
  [
    'requests / on(job) group_left(team) limit',
    [
      ['{code="200",job="a",team="x"}', 0.9],
      ['{code="500",job="a",team="x"}', 0.1],
    ],
  ],
  ['limit - on(job) group_right requests{code="500"}', [['{code="500",job="a"}', 90]]],
  [
    'requests > 40',
    [
      ['requests{code="200",job="a"}', 90],
      ['requests{code="200",job="b"}', 50],
    ],
  ],
  [
    '40 < requests',
    [
      ['requests{code="200",job="a"}', 90],
      ['requests{code="200",job="b"}', 50],
    ],
  ],
  [
    'requests{job="a"} > bool 40',
    [
      ['{code="200",job="a"}', 1],
      ['{code="500",job="a"}', 0],
    ],
  ],
  ['requests{code="500"} < on(job) limit', [['{job="a"}', 10]]],
  ['requests{code="500"} </ 3', []],
  [
    'requests and on(job) limit',
    [
      ['requests{code="200",job="a"}', 90],
      ['requests{code="500",job="a"}', 10],
    ],
  ],
  ['requests unless on(job) limit', [['requests{code="200",job="b"}', 50]]],
  [
    'limit{job="a"} or on(job) requests{code="200"}',
    [
      ['limit{job="a",team="x"}', 100],
      ['requests{code="200",job="b"}', 50],
    ],
  ],
  [
    'requests{code="200"} + on(job) fill(0) limit',
    [
      ['{job="a"}', 190],
      ['{job="b"}', 50],
      ['{job="c"}', 5],
    ],
  ],
  [
    'requests{code="200"} + on(job) fill_left(1) limit',
    [
      ['{job="a"}', 190],
      ['{job="c"}', 6],
    ],
  ],
  ['-requests{code="500"}', [['{code="500",job="a"}', -10]]],
];

for (const [expr, expected] of results) {
  test(`${expr} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(instant(all, expr, 0), expected);
  });
}

const refused: [string, RegExp][] = [
  [
    'limit / on(job) requests',
    /found duplicate series for the match group \{job="a"\} on the right hand-side/,
  ],
  ['limit * on(job) group_right requests * on() group_left limit', /duplicate series/],
  ['requests / on(job) limit', /many-to-one matching must be explicit/],
  ['requests / on(job) group_left(code) limit', /grouping labels must ensure unique matches/],
];

for (const [expr, reason] of refused) {
  test(`${expr} is refused`, () => {
    assert.match(errorOf(() => instant(all, expr, 0)).reason, reason);
  });
}

test('twins on the side of the one do no harm where the other side is empty', () => {
  assert.deepEqual(instant(all, 'nothing / on(job) requests', 0), []);
});

test('series that follow each other match as one', () => {
  const pods = [
    series('m', { pod: '1' }, [1, gap, gap, gap, gap, gap]),
    series('m', { pod: '2' }, [gap, gap, gap, gap, gap, 2]),
    series('n', {}, [10, 10, 10, 10, 10, 10]),
  ];
  assert.deepEqual(range(pods, 'n + on() m', 0, 300_000, 300_000), {
    '{}': [
      [0, 11],
      [300, 12],
    ],
  });
});
