import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { problemsOf, withRules } from './support.ts';

/** What Prometheus refuses (model/rulefmt), and what is ours: name, text, the whole message. */
const refused: readonly [name: string, text: string, message: RegExp][] = [
  [
    'an unknown field of the file',
    'group: []\n',
    /^r\.yml:1:1: unknown field "group" in a rule file; did you mean groups\?/,
  ],
  ['a list as the file', '- a\n', /^r\.yml:1:1: expected a rule file, got a list$/],
  ['text as the file', 'foo\n', /^r\.yml:1:1: expected a rule file, got "foo"$/],
  ['a map as groups', 'groups: {a: b}\n', /^r\.yml:1:9: expected a list of groups, got a map$/],
  ['text as a group', 'groups: [a]\n', /^r\.yml:1:10: expected a group, got "a"$/],
  [
    'an unknown field of a group',
    'groups:\n- name: a\n  partial_response_strategy: warn\n',
    /^r\.yml:3:3: unknown field "partial_response_strategy" in a group \(allowed: name, /,
  ],
  ['a group without a name', 'groups:\n- rules: []\n', /^r\.yml:2:3: Groupname must not be empty$/],
  [
    'a group name twice',
    'groups:\n- name: a\n- name: a\n',
    /^r\.yml:3:3: groupname: "a" is repeated in the same file; first at 2:3$/,
  ],
  [
    'a wrong interval',
    'groups:\n- name: a\n  interval: 5\n',
    /^r\.yml:3:13: interval: expected a duration such as 30s, .*, got "5"; did you mean 5s\?$/,
  ],
  [
    'a negative query offset',
    'groups:\n- name: a\n  query_offset: -1m\n',
    /^r\.yml:3:17: query_offset: expected a duration .*, got "-1m"$/,
  ],
  [
    'units out of order',
    'groups:\n- name: a\n  interval: 1m2h\n',
    /^r\.yml:3:13: interval: expected a duration/,
  ],
  [
    'a duration of 300 years',
    'groups:\n- name: a\n  interval: 300y\n',
    /^r\.yml:3:13: interval: expected a duration/,
  ],
  [
    'an empty duration',
    'groups:\n- name: a\n  interval: ""\n',
    /^r\.yml:3:13: interval: expected a duration/,
  ],
  [
    'a limit in words',
    'groups:\n- name: a\n  limit: many\n',
    /^r\.yml:3:10: limit: expected a whole number, got "many"$/,
  ],
  [
    'a limit in quotes',
    'groups:\n- name: a\n  limit: "5"\n',
    /^r\.yml:3:10: limit: expected a whole number, got "5"$/,
  ],
  [
    'a group label __name__',
    'groups:\n- name: a\n  labels: {__name__: x}\n',
    /^r\.yml:3:12: invalid label name: "__name__"$/,
  ],
  [
    'text as a rule',
    'groups:\n- name: g\n  rules: [x]\n',
    /^r\.yml:3:11: group "g", rule 1, "": expected a rule, got "x"$/,
  ],
  [
    'an unknown field of a rule',
    withRules('    - alert: A\n      expr: up\n      annotation: {a: b}\n'),
    /^r\.yml:6:7: group "g", rule 1, "A": unknown field "annotation" in a rule; did you mean annotations\?/,
  ],
  [
    'both record and alert',
    withRules('    - alert: A\n      record: a\n      expr: up\n'),
    /^r\.yml:4:7: group "g", rule 1, "a": only one of 'record' and 'alert' must be set$/,
  ],
  [
    'neither record nor alert',
    withRules('    - expr: up\n'),
    /^r\.yml:4:7: group "g", rule 1, "": one of 'record' or 'alert' must be set$/,
  ],
  [
    'no expression',
    withRules('    - alert: A\n'),
    /^r\.yml:4:7: group "g", rule 1, "A": field 'expr' must be set in rule$/,
  ],
  [
    'an empty expression',
    withRules('    - alert: A\n      expr: ""\n'),
    /^r\.yml:5:13: group "g", rule 1, "A": field 'expr' must be set in rule$/,
  ],
  [
    'null as the expression',
    withRules('    - alert: A\n      expr: ~\n'),
    /^r\.yml:4:7: .*field 'expr' must be set in rule$/,
  ],
  [
    'a list as the expression',
    withRules('    - alert: A\n      expr: [up]\n'),
    /^r\.yml:5:13: group "g", rule 1, "A": expected text as expr, got a list$/,
  ],
  [
    'a wrong expression',
    withRules('    - alert: A\n      expr: sum(up) / / 2\n'),
    /^r\.yml:5:23: group "g", rule 1, "A": could not parse expression: /,
  ],
  [
    'an unknown function',
    withRules('    - alert: A\n      expr: 1 + rte(up[5m])\n'),
    /^r\.yml:5:17: .*unknown function with name "rte"; did you mean rate\?$/,
  ],
  [
    'a wrong type',
    withRules('    - record: a\n      expr: sum(rate(up))\n'),
    /^r\.yml:5:22: .*expected type range vector in call to function "rate"/,
  ],
  [
    'for in a recording rule',
    withRules('    - record: a\n      expr: up\n      for: 5m\n'),
    /^r\.yml:6:7: group "g", rule 1, "a": invalid field 'for' in recording rule: only alerts have it$/,
  ],
  [
    'keep_firing_for in a recording rule',
    withRules('    - record: a\n      expr: up\n      keep_firing_for: 5m\n'),
    /^r\.yml:6:7: .*invalid field 'keep_firing_for' in recording rule/,
  ],
  [
    'annotations in a recording rule',
    withRules('    - record: a\n      expr: up\n      annotations: {a: b}\n'),
    /^r\.yml:6:7: .*invalid field 'annotations' in recording rule/,
  ],
  [
    'braces in a recorded name',
    withRules('    - record: a{b="c"}\n      expr: up\n'),
    /^r\.yml:4:15: .*braces present in the recording rule name; should it be in expr\?/,
  ],
  [
    'a label __name__',
    withRules('    - alert: A\n      expr: up\n      labels: {__name__: b}\n'),
    /^r\.yml:6:16: group "g", rule 1, "A": invalid label name: "__name__"$/,
  ],
  [
    'a label without a name',
    withRules('    - alert: A\n      expr: up\n      labels: {"": b}\n'),
    /^r\.yml:6:16: .*invalid label name: ""$/,
  ],
  [
    'an annotation without a name',
    withRules('    - alert: A\n      expr: up\n      annotations: {"": b}\n'),
    /^r\.yml:6:21: .*invalid annotation name: ""$/,
  ],
  [
    'a list as a label',
    withRules('    - alert: A\n      expr: up\n      labels: {a: [b]}\n'),
    /^r\.yml:6:19: .*expected text as the value of "a", got a list$/,
  ],
  [
    'a label with a wrong template',
    withRules('    - alert: A\n      expr: up\n      labels: {a: "{{ $label.x }}"}\n'),
    /^r\.yml:6:\d+: group "g", rule 1, "A": label "a": .*undefined variable "\$label"/,
  ],
  [
    'an annotation with a wrong template',
    withRules(
      '    - alert: A\n      expr: up\n      annotations:\n        a: |\n          fine\n          {{ nothing }}\n',
    ),
    /^r\.yml:9:\d+: group "g", rule 1, "A": annotation "a": .*function "nothing" not defined/,
  ],
  [
    'a key twice',
    withRules('    - alert: A\n      alert: B\n      expr: up\n'),
    /^r\.yml:5:7: group "g", rule 1, "A": "alert" is written a second time; first at 4:7$/,
  ],
  [
    'a label twice',
    withRules('    - alert: A\n      expr: up\n      labels: {a: b, a: c}\n'),
    /^r\.yml:6:22: .*"a" is written a second time/,
  ],
  [
    'an unknown anchor',
    withRules('    - alert: A\n      expr: *up\n'),
    /^r\.yml:5:13: there is no anchor &up before this alias$/,
  ],
  [
    'a merge that contains itself',
    withRules('    - &a\n      alert: A\n      expr: up\n      <<: *a\n'),
    /contains itself$/,
  ],
  [
    'a merge of text',
    withRules('    - alert: A\n      expr: up\n      <<: text\n'),
    /^r\.yml:6:11: .*expected a map, or a list of maps, to merge$/,
  ],
  [
    'a tag of its own',
    withRules('    - alert: !secret A\n      expr: up\n'),
    /^r\.yml:4:22: .*the tag !secret is not taken here$/,
  ],
  ['a tab as indentation', 'groups:\n\t- name: a\n', /^r\.yml:2:1: Tabs are not allowed as indentation/],
  ['broken quotes', 'groups:\n- name: "a\n', /^r\.yml:\d+:\d+: Missing closing "quote$/],
  [
    'a control character',
    'groups:\n- name: a\u0007b\n',
    /^r\.yml:2:10: the control character U\+0007 is not allowed$/,
  ],
  ['a lone carriage return', 'groups:\r- name: a\r', /^r\.yml:1:8: a carriage return without a line feed/],
  [
    'half a character',
    'groups:\n- name: "\\ud800"\n',
    /^r\.yml:2:9: an escape in this text is half of a character$/,
  ],
  [
    'a word of no data',
    withRules('    - alert: A\n      expr: up\n      annotations: {nova_no_data: kepe}\n'),
    /^r\.yml:6:35: .*nova_no_data: expected keep, ok, alert, got "kepe"; did you mean keep\?$/,
  ],
  [
    'a wrong clearing expression',
    withRules("    - alert: A\n      expr: up\n      annotations:\n        nova_clear: 'up{a=''b''} <'\n"),
    /^r\.yml:7:\d+: .*nova_clear: could not parse expression: unexpected end of input$/,
  ],
  [
    'a clearing expression that is no vector',
    withRules('    - alert: A\n      expr: up\n      annotations: {nova_clear: "1"}\n'),
    /^r\.yml:6:33: .*nova_clear: expected an expression that gives a vector, this gives a scalar$/,
  ],
  [
    'an annotation that ours might be',
    withRules('    - alert: A\n      expr: up\n      annotations: {nova_nodata: keep}\n'),
    /^r\.yml:6:21: .*unknown annotation "nova_nodata"; did you mean nova_no_data\?/,
  ],
];

describe('a rule file is refused, with the place, for', () => {
  for (const [name, text, message] of refused) {
    test(name, () => {
      const problems = problemsOf(text);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0]!, message);
    });
  }
});

test('all problems of a file are told at once, in the order of the file', () => {
  const problems = problemsOf(
    withRules('    - alert: A\n      expr: up ==\n      for: 5 m\n    - record: a\n      expr: )\n'),
  );
  assert.deepEqual(
    problems.map((line) => line.split(':', 3).slice(1).join(':')),
    ['5:18', '6:12', '8:13'],
  );
});

test('a text that is not UTF-8 is refused where it is not', () => {
  const bytes = Buffer.concat([Buffer.from('groups:\n- name: "'), Buffer.from([0xff]), Buffer.from('"\n')]);
  assert.deepEqual(problemsOf(bytes), ['r.yml:2:10: the file is not UTF-8 text']);
});

test('a UTF-16 text is refused with what to do', () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('groups: []\n', 'utf16le')]);
  assert.deepEqual(problemsOf(bytes), ['r.yml:1:1: the file is UTF-16 text; save it as UTF-8']);
});

test('aliases that repeat each other a million times are refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`,
  );
  const labels = Array.from({ length: 600 }, (_, i) => `        a${i}: b\n`).join('');
  const merges = Array.from({ length: 600 }, (_, i) => `    - {<<: *m, alert: A${i}}\n`).join('');
  assert.match(problemsOf(`l0: &l0 [x]\n${levels.join('\n')}\n`).join('\n'), /unknown field "l0"/);
  const text = withRules(`    - &m\n      alert: A\n      expr: up\n      labels:\n${labels}${merges}`);
  assert.match(problemsOf(text).join('\n'), /more than 200000 values \(aliases written out\)/);
});

test('a file nested deeper than 32 levels is refused', () => {
  assert.match(problemsOf('['.repeat(1000)).join('\n'), /^r\.yml:1:\d+: nested more than 32 levels deep$/);
});
