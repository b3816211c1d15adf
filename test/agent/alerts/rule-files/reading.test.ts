import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticesOf, onlyAlert, problemsOf, read, withRules } from './support.ts';

test('a group is read with everything that it says', () => {
  const { groups } = read(
    'groups:\n- name: a\n  interval: 1d2h\n  query_offset: 90s\n  limit: 0x10\n  labels: {team: crm, tier: db}\n' +
      '  rules:\n  - record: b\n    expr: up\n    labels: {tier: web}\n  - {alert: c, expr: up == 0, for: 1m, keep_firing_for: 30s}\n',
  );
  const place = (line: number, column: number) => ({ file: '/rules/r.yml', line, column });
  assert.deepEqual(groups, [
    {
      file: '/rules/r.yml',
      name: 'a',
      intervalMs: 93_600_000,
      limit: 16,
      queryOffsetMs: 90_000,
      rules: [
        {
          kind: 'recording',
          name: 'b',
          expr: 'up',
          labels: { team: 'crm', tier: 'web' },
          place: place(8, 5),
        },
        {
          kind: 'alerting',
          name: 'c',
          expr: 'up == 0',
          forMs: 60_000,
          keepFiringForMs: 30_000,
          labels: { team: 'crm', tier: 'db' },
          annotations: {},
          noData: null,
          clear: null,
          place: place(11, 5),
        },
      ],
    },
  ]);
});

test('a group without an interval, or with 0, has that of the agent', () => {
  const { groups } = read('groups:\n- name: a\n- name: b\n  interval: 0s\n- name: c\n  interval: 5s\n');
  assert.deepEqual(
    groups.map(({ intervalMs }) => intervalMs),
    [2000, 2000, 5000],
  );
});

test('our annotations are taken out and say how the rule works', () => {
  const rule = onlyAlert(
    withRules(
      '    - alert: A\n      expr: up == 0\n      annotations:\n        summary: x\n        nova_no_data: keep\n        nova_clear: up == 1\n',
    ),
  );
  assert.deepEqual([rule.annotations, rule.noData, rule.clear], [{ summary: 'x' }, 'keep', 'up == 1']);
});

for (const [name, text] of [
  ['nothing', ''],
  ['a comment', '# later\n'],
  ['a document marker', '---\n'],
  ['null', 'null\n'],
  ['groups without a value', 'groups:\n'],
] as const) {
  test(`a file of ${name} has no groups`, () => {
    assert.deepEqual([problemsOf(text), read(text).groups], [[], []]);
  });
}

test('null is left out of lists and of maps, as Prometheus does', () => {
  const { groups } = read(
    'groups:\n- ~\n- name: a\n  limit:\n  rules:\n  - null\n  - {alert: b, expr: up, for: ~, labels: {c: ~}}\n',
  );
  assert.equal(groups.length, 1);
  assert.deepEqual(groups[0]!.rules[0]!.labels, { c: '' });
});

test('numbers and words of YAML are text where text is expected', () => {
  const rule = onlyAlert(withRules('    - {alert: yes, expr: 1, labels: {a: 0x1F, b: true, 3: 1.50}}\n'));
  assert.deepEqual([rule.name, rule.expr, rule.labels], ['yes', '1', { 3: '1.50', a: '0x1F', b: 'true' }]);
});

test('aliases and merge keys stand for what they name, the own keys first', () => {
  const { groups } = read(
    withRules(
      '    - &a\n      alert: A\n      expr: &e up == 0\n      labels: &l {x: y}\n    - <<: *a\n      alert: B\n    - record: c\n      expr: *e\n      labels:\n        <<: [{x: first}, *l]\n        z: w\n',
    ),
  );
  assert.deepEqual(
    groups[0]!.rules.map(({ name, expr, labels }) => [name, expr, labels]),
    [
      ['A', 'up == 0', { x: 'y' }],
      ['B', 'up == 0', { x: 'y' }],
      ['c', 'up == 0', { x: 'first', z: 'w' }],
    ],
  );
});

test('labels may be named as what objects have anyway', () => {
  const rule = onlyAlert(withRules('    - {alert: A, expr: up, labels: {__proto__: a, constructor: b}}\n'));
  assert.deepEqual(Object.entries(rule.labels), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('a byte order mark and CRLF are taken, and move no place', () => {
  const text =
    '\uFEFFgroups:\r\n- name: a\r\n  rules:\r\n  - alert: A\r\n    expr: |\r\n      up\r\n      == 0\r\n';
  assert.equal(onlyAlert(text).expr, 'up\n== 0\n');
  assert.match(problemsOf(text.replace('== 0', '== )')).join(), /^r\.yml:7:10: /);
  assert.deepEqual(
    problemsOf('\uFEFFgroup: a\n').map((line) => line.slice(0, 10)),
    ['r.yml:1:1:'],
  );
});

test('of several documents the first is read, and the next is told of', () => {
  const text = 'groups:\n- name: a\n---\ngroups:\n- name: b\n';
  assert.deepEqual(
    read(text).groups.map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual(noticesOf(text), [
    'r.yml:4:1: a second YAML document begins; only the first one is read, as Prometheus does',
  ]);
});

test('a rule that stands there twice is told of', () => {
  const text = withRules(
    '    - {record: a, expr: up}\n    - {record: a, expr: up, labels: {b: c}}\n    - {record: a, expr: down}\n',
  );
  assert.deepEqual(noticesOf(text), ['r.yml:6:7: "a" with the same labels stands here again; first at 4:7']);
});

test('an expression that no rule can use is told of', () => {
  assert.match(
    noticesOf(withRules('    - {alert: A, expr: "up[5m]"}\n')).join(),
    /^r\.yml:4:24: .* gives a range vector, /,
  );
});
