import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Alert } from '../../../workers/contract/alerts.ts';
import type { GroupOutcome } from '../../../workers/rules/rule-book.ts';
import { alerting, group, RulesAtWork, recording } from './rules-at-work.ts';

const second = 1000;
const errorsOf = ({ health }: GroupOutcome) => health.map(({ error }) => error);
const idsOf = (alerts: readonly Alert[]) => alerts.map(({ id }) => id);

describe('a group', () => {
  test('tells of what changes and not of another value', () => {
    const work = new RulesAtWork([group([alerting('A', 'm > 1', { forMs: 10_000 })])]);
    assert.deepEqual(
      work.at(10 * second, { x: 2 }).changed.map(({ state }) => state),
      ['pending'],
    );
    assert.deepEqual(
      work.at(20 * second, { x: 3 }).changed.map(({ state }) => state),
      ['firing'],
    );
    assert.deepEqual(work.at(30 * second, { x: 4 }).changed, []);
    assert.equal(work.book.active()[0]!.value, 4);
    assert.deepEqual(
      work.at(40 * second, { x: 0 }).changed.map(({ state }) => state),
      ['resolved'],
    );
    assert.deepEqual(work.at(50 * second, { x: 0 }).changed, []);
    assert.deepEqual(work.states, []);
  });

  test('names pending alerts that ended, so that they can be forgotten', () => {
    const work = new RulesAtWork([group([alerting('A', 'm > 1', { forMs: 30_000 })])]);
    const [begun] = work.at(10 * second, { x: 2 }).changed;
    const outcome = work.at(20 * second, { x: 0 });
    assert.deepEqual(outcome.forgotten, [begun!.id]);
    assert.deepEqual(outcome.changed, []);
  });

  test('gives labels and annotations with their templates expanded for each sample', () => {
    const rule = alerting('A', 'm > 1', {
      labels: { of: '{{ $labels.a }}', a: 'own', severity: 'page' },
      annotations: { summary: '{{ $labels.__name__ }} is {{ $value }}', plain: 'text' },
    });
    const work = new RulesAtWork([group([rule])]);
    const [alert] = work.at(10 * second, { x: 2 }).changed;
    assert.deepEqual(alert!.labels, { a: 'own', alertname: 'A', of: 'x', severity: 'page' });
    assert.deepEqual(alert!.annotations, { summary: 'm is 2', plain: 'text' });
    const [changed] = work.at(20 * second, { x: 3 }).changed;
    assert.equal(changed!.annotations.summary, 'm is 3');
    assert.equal(changed!.id, alert!.id);
  });

  test('asks other series from a template, at each evaluation anew', () => {
    const annotations = { other: '{{ with query "m{a=\'y\'}" }}{{ . | first | value }}{{ end }}' };
    const work = new RulesAtWork([group([alerting('A', 'm{a="x"} > 1', { annotations })])]);
    assert.equal(work.at(10 * second, { x: 2, y: 5 }).changed[0]!.annotations.other, '5');
    assert.equal(work.at(20 * second, { x: 2, y: 6 }).changed[0]!.annotations.other, '6');
  });

  test('refuses samples that differ only in what the rule’s labels replace, and keeps its alerts', () => {
    const work = new RulesAtWork([group([alerting('A', 'm > 1', { labels: { a: 'all' } })])]);
    work.at(10 * second, { x: 2, y: 0 });
    const outcome = work.at(20 * second, { x: 2, y: 2 });
    assert.deepEqual(errorsOf(outcome), [
      'vector contains metrics with the same labelset after applying alert labels',
    ]);
    assert.deepEqual(work.states, ['A{all} firing']);
    work.at(30 * second, { x: 0, y: 2 });
    assert.deepEqual(work.states, ['A{all} firing']);
    work.at(40 * second, { x: 0, y: 0 });
    assert.deepEqual(work.states, []);
  });

  test('goes on after a rule that fails, whose alerts stay', () => {
    const join = 'm * on () group_left () m{a=~"x|y"} > 1';
    const work = new RulesAtWork([group([alerting('A', join), alerting('B', 'm{a="x"} > 1')])]);
    work.at(10 * second, { x: 2 });
    work.at(20 * second, { x: 2, y: 2 });
    const outcome = work.at(30 * second, { x: 2, y: 2 });
    assert.match(errorsOf(outcome)[0]!, /found duplicate series/);
    assert.equal(errorsOf(outcome)[1], '');
    assert.deepEqual(work.states, ['A{x} firing', 'B{x} firing']);
  });

  test('fails a rule whose expression is refused, at each evaluation', () => {
    const work = new RulesAtWork([
      group([alerting('A', 'm >'), alerting('B', '"text"'), alerting('C', 'm[1m]')]),
    ]);
    const errors = errorsOf(work.at(10 * second, { x: 2 }));
    assert.match(errors[0]!, /parse error/);
    assert.match(errors[1]!, /rule result is not a vector or scalar/);
    assert.match(errors[2]!, /rule result is not a vector or scalar/);
  });

  test('takes a scalar as a sample without labels, 0 included', () => {
    const work = new RulesAtWork([group([alerting('A', '1 > bool 2'), recording('r', '3')])]);
    const { changed, recorded } = work.at(10 * second);
    assert.deepEqual([changed[0]!.labels, changed[0]!.value], [{ alertname: 'A' }, 0]);
    assert.deepEqual(recorded, [{ name: 'r', labels: {}, value: 3 }]);
  });

  test('takes NaN as a value', () => {
    const work = new RulesAtWork([group([alerting('A', 'm / 0'), recording('r', 'm / 0')])]);
    const { changed, recorded } = work.at(10 * second, { x: 0 });
    assert.deepEqual([changed[0]!.value, recorded[0]!.value], [Number.NaN, Number.NaN]);
    assert.deepEqual(work.at(20 * second, { x: 0 }).changed, []);
  });

  test('begins no alerts beyond its limit, and records nothing beyond it', () => {
    const rules = [alerting('A', 'm > 1'), recording('r', 'm > 1')];
    const work = new RulesAtWork([group(rules, { limit: 2 })]);
    work.at(10 * second, { x: 2, y: 2 });
    const outcome = work.at(20 * second, { x: 2, y: 2, z: 2 });
    assert.deepEqual(errorsOf(outcome), [
      'exceeded limit of 2 with 3 alerts',
      'exceeded limit of 2 with 3 series',
    ]);
    assert.deepEqual([outcome.changed, outcome.recorded, outcome.ended], [[], [], []]);
    assert.deepEqual(work.states, ['A{x} firing', 'A{y} firing']);
  });

  test('looks back by its query offset, and tells the time of the evaluation', () => {
    const work = new RulesAtWork([group([alerting('A', 'm > 1')], { queryOffsetMs: 10_000 })]);
    work.at(10 * second, { x: 2 });
    assert.deepEqual(work.states, []);
    const [alert] = work.at(20 * second, { x: 0 }).changed;
    assert.equal(alert!.activeAtMs, 20 * second);
    work.at(30 * second, { x: 0 });
    assert.deepEqual(work.states, []);
  });

  test('stops a rule that takes too long, and the rules after the deadline', () => {
    let nowMs = 0;
    const rules = ['A', 'B', 'C'].map((name) => alerting(name, 'sum by (a) (m) > 1'));
    const work = new RulesAtWork([group(rules)], [], 0, { monotonicMs: () => nowMs, ruleLimitMs: 100 });
    for (let index = 0; index < 50; index++) work.samples.add({ __name__: 'm', a: `${index}` }, 10_000, 2);
    const { select } = work.samples;
    let calls = 0;
    const slow: typeof select = (...asked) => {
      calls++;
      nowMs += calls === 2 ? 150 : 10;
      return select(...asked);
    };
    const { health } = work.book.evaluate(0, 10_000, slow, [], 160);
    assert.equal(health[0]!.error, '');
    assert.match(health[1]!.error, /^stopped after 100 ms/);
    assert.match(health[2]!.error, /^not evaluated/);
    assert.equal(work.book.active().length, 50);
  });

  test('begins ten thousand alerts at once, each with an id of its own', () => {
    const work = new RulesAtWork([group([alerting('A', 'm > 1', { annotations: { now: '{{ $value }}' } })])]);
    const values = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`a${index}`, 2]));
    const { changed } = work.at(10 * second, values);
    assert.equal(new Set(idsOf(changed)).size, 10_000);
    assert.equal(work.at(20 * second, values).changed.length, 0);
  });
});

describe('what rules record', () => {
  test('is seen by later rules of the same evaluation', () => {
    const rules = [
      recording('r', 'm * 10', { kind: 'ten' }),
      alerting('A', 'r{kind="ten"} > 15'),
      recording('s', 'r + 1'),
    ];
    const work = new RulesAtWork([group(rules)]);
    const { recorded } = work.at(10 * second, { x: 2 });
    assert.deepEqual(
      recorded.map(({ name, value }) => [name, value]),
      [
        ['r', 20],
        ['s', 21],
      ],
    );
    assert.deepEqual(recorded[0]!.labels, { a: 'x', kind: 'ten' });
    assert.deepEqual(work.states, ['A{x} firing']);
  });

  test('is seen by earlier rules at the next evaluation, before it is stored', () => {
    const work = new RulesAtWork([group([alerting('A', 'r > 1'), recording('r', 'm')])]);
    work.samples.keep = () => {};
    work.at(10 * second, { x: 2 });
    assert.deepEqual(work.states, []);
    work.at(20 * second, { x: 2 });
    assert.deepEqual(work.states, ['A{x} firing']);
  });

  test('is found by a pattern of its name among what is stored', () => {
    const work = new RulesAtWork([
      group([recording('rec:m', 'm'), recording('n', 'count({__name__=~"(rec:)?m",a="x"})')]),
    ]);
    assert.equal(work.at(10 * second, { x: 2, y: 2 }).recorded.find(({ name }) => name === 'n')!.value, 2);
  });

  test('ends with its series', () => {
    const work = new RulesAtWork([group([recording('r', 'm > 1'), alerting('A', 'r')])]);
    work.samples.keep = () => {};
    work.at(10 * second, { x: 2 });
    const { ended, recorded } = work.at(20 * second, { x: 0 });
    assert.deepEqual([ended, recorded], [[{ name: 'r', labels: { a: 'x' } }], []]);
    assert.deepEqual(work.states, []);
    assert.deepEqual(work.at(30 * second, { x: 0 }).ended, []);
    work.at(40 * second, { x: 2 });
    assert.deepEqual(work.states, ['A{x} firing']);
  });

  test('gives way to what is stored later, and takes the place of what is stored at its time', () => {
    const work = new RulesAtWork([
      group([recording('r', 'm'), recording('count', 'count_over_time(r[1m])')]),
    ]);
    work.samples.keep = () => {};
    work.samples.add({ __name__: 'r', a: 'x' }, 5 * second, 1);
    work.samples.add({ __name__: 'r', a: 'x' }, 10 * second, 1);
    assert.equal(work.at(10 * second, { x: 2 }).recorded[1]!.value, 2);
    work.samples.add({ __name__: 'r', a: 'x' }, 12 * second, 1);
    const before = new RulesAtWork([group([recording('sum', 'sum_over_time(r[1m])'), recording('r', 'm')])]);
    before.samples.keep = () => {};
    before.at(10 * second, { x: 2 });
    before.samples.add({ __name__: 'r', a: 'x' }, 15 * second, 7);
    assert.equal(before.at(20 * second, { x: 2 }).recorded[0]!.value, 7);
  });

  test('must not be two samples of one series', () => {
    const work = new RulesAtWork([group([recording('r', 'm', { a: '' })])]);
    assert.deepEqual(errorsOf(work.at(10 * second, { x: 1, y: 1 })), [
      'vector contains metrics with the same labelset after applying rule labels',
    ]);
  });

  test('includes the alerts themselves', () => {
    const rules = [
      alerting('A', 'm > 1', { forMs: 10_000 }),
      alerting('Firing', 'ALERTS{alertname="A", alertstate="firing"}'),
      recording('since', 'ALERTS_FOR_STATE{alertname="A"}'),
    ];
    const work = new RulesAtWork([group(rules)]);
    assert.equal(work.at(10 * second, { x: 2 }).recorded[0]!.value, 10);
    work.at(20 * second, { x: 2 });
    assert.deepEqual(work.states, ['A{x} firing', 'Firing{x} firing']);
    work.at(30 * second, { x: 0 });
    assert.deepEqual(work.states, []);
  });
});
