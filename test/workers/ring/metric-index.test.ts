import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelTest, type Matcher } from '../../../workers/promql/index.ts';
import { MetricIndex, metricLabels } from '../../../workers/ring/metric-index.ts';
import { randomNumbers } from '../store/random.ts';

const metric = (measurement: string, field: string, tags: Record<string, string> = {}) => ({
  labels: metricLabels(measurement, field, tags),
});

test('metrics are named by measurement and field, those that rules recorded by the measurement alone', () => {
  assert.equal(metric('http', 'requests_total').labels.__name__, 'http_requests_total');
  assert.equal(metric('job:http:rate5m', 'recorded').labels.__name__, 'job:http:rate5m');
});

test('any tag name is a label', () => {
  const { labels } = metric(
    'm',
    'v',
    Object.fromEntries([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]),
  );
  assert.deepEqual(Object.entries(labels), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
    ['__name__', 'm_v'],
  ]);
  const index = new MetricIndex([metric('m', 'v')]);
  assert.equal(index.find([{ name: 'constructor', op: '=', value: '' }]).length, 1, 'nothing is inherited');
});

test('a regular expression that is refused is an error each time', () => {
  const index = new MetricIndex([metric('m', 'v')]);
  for (let i = 0; i < 2; i++) assert.throws(() => index.find([{ name: 'a', op: '=~', value: '(' }]));
});

test('the same matchers find the same list, those that differ only in what stands where do not', () => {
  const index = new MetricIndex([metric('m', 'v', { a: '~b' }), metric('m', 'v', { a: 'b' })]);
  const find = (op: Matcher['op'], value: string) => index.find([{ name: 'a', op, value }]);
  assert.equal(find('=', '~b'), find('=', '~b'));
  assert.deepEqual(
    find('=', '~b').map(({ labels }) => labels.a),
    ['~b'],
  );
  assert.deepEqual(
    find('=~', 'b').map(({ labels }) => labels.a),
    ['b'],
  );
});

test('what is found is what fits each matcher', () => {
  const random = randomNumbers(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const names = ['m_v', 'm_w', 'n_v', 'x'];
  const metrics = Array.from({ length: 60 }, (_, i) => {
    const tags: Record<string, string> = { i: `${i}` };
    for (const tag of ['a', 'b']) if (random() < 0.7) tags[tag] = pick(['1', '2', '12']);
    return metric(pick(['m', 'n']), pick(['v', 'w']), tags);
  });
  const index = new MetricIndex(metrics);
  for (let round = 0; round < 2000; round++) {
    const matchers = Array.from({ length: Math.floor(random() * 4) }, (): Matcher => {
      const name = pick(['__name__', '__name__', 'a', 'b', 'none']);
      const op = pick(['=', '!=', '=~', '!~'] as const);
      const texts = name === '__name__' ? [...names, 'm_.+', ''] : ['1', '2', '12', '', '1.*', '.*'];
      return { name, op, value: pick(texts) };
    });
    const expected = metrics.filter(({ labels }) =>
      matchers.every((matcher) => labelTest(matcher)(labels[matcher.name] ?? '')),
    );
    assert.deepEqual(new Set(index.find(matchers)), new Set(expected), JSON.stringify(matchers));
  }
});
