import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Alert, RuleGroup } from '../../../workers/contract/alerts.ts';
import { RuleBook } from '../../../workers/rules/rule-book.ts';
import { addStep, generatedRules, stepMs, steps } from './generated-rules.ts';
import { alerting, group, RulesAtWork } from './rules-at-work.ts';

const second = 1000;
const rule = alerting('A', 'm > 1', { forMs: 30_000 });

/** The same rules in another process: alerts as the store gives them back. */
function restarted(
  before: RulesAtWork,
  lastMs: number,
  groups: readonly RuleGroup[] = before.groups,
): RulesAtWork {
  return new RulesAtWork(groups, JSON.parse(JSON.stringify(before.book.active())) as Alert[], lastMs);
}

describe('after a restart', () => {
  test('a pending alert goes on with what it had of its `for`', () => {
    const before = new RulesAtWork([group([rule])]);
    const [begun] = before.at(10 * second, { x: 2 }).changed;
    before.at(30 * second, { x: 2 });
    const after = restarted(before, 30 * second);
    assert.deepEqual(after.states, ['A{x} pending']);
    const [moved] = after.at(1000 * second, { x: 2 }).changed;
    assert.deepEqual([moved!.id, moved!.activeAtMs], [begun!.id, 980 * second]);
    assert.deepEqual(after.states, ['A{x} pending']);
    const [fired] = after.at(1010 * second, { x: 2 }).changed;
    assert.deepEqual([fired!.id, fired!.state, fired!.firedAtMs], [begun!.id, 'firing', 1010 * second]);
  });

  test('in which no evaluation was missed nothing is moved', () => {
    const before = new RulesAtWork([group([rule])]);
    before.at(10 * second, { x: 2 });
    const after = restarted(before, 10 * second);
    assert.deepEqual(after.at(20 * second, { x: 2 }).changed, []);
    assert.equal(after.book.active()[0]!.activeAtMs, 10 * second);
  });

  test('a firing alert goes on without being new', () => {
    const before = new RulesAtWork([group([alerting('A', 'm > 1')])]);
    const [fired] = before.at(10 * second, { x: 2 }).changed;
    const after = restarted(before, 10 * second);
    assert.deepEqual(after.at(500 * second, { x: 2 }).changed, []);
    assert.equal(after.book.active()[0]!.id, fired!.id);
    assert.deepEqual(
      after.at(510 * second, { x: 0 }).changed.map(({ state }) => state),
      ['resolved'],
    );
  });

  test('the time away does not count for `keep_firing_for`', () => {
    const before = new RulesAtWork([group([alerting('A', 'm > 1', { keepFiringForMs: 20_000 })])]);
    before.at(10 * second, { x: 2 });
    const [kept] = before.at(20 * second, { x: 0 }).changed;
    assert.equal(kept!.keepFiringSinceMs, 20 * second);
    const after = restarted(before, 20 * second);
    after.at(500 * second, { x: 0 });
    assert.deepEqual(after.states, ['A{x} firing']);
    after.at(520 * second, { x: 0 });
    assert.deepEqual(after.states, []);
  });

  test('the time away does not count for an unknown alert either, once', () => {
    const rules = [alerting('A', 'system_load1 > 1', { forMs: 30_000 })];
    const before = new RulesAtWork([group(rules)]);
    const load = (work: RulesAtWork, timeMs: number) =>
      work.samples.add({ __name__: 'system_load1' }, timeMs, 2);
    load(before, 10 * second);
    before.at(10 * second);
    before.at(20 * second, {}, ['host']);
    const after = restarted(before, 20 * second);
    load(after, 500 * second);
    const [known] = after.at(500 * second).changed;
    assert.deepEqual([known!.unknownSources, known!.activeAtMs], [[], 490 * second]);
  });

  test('alerts of rules that are gone end, once', () => {
    const rules = [
      alerting('Gone', 'm > 1'),
      alerting('Waits', 'm > 1', { forMs: 90_000 }),
      alerting('Stays', 'm > 1'),
    ];
    const before = new RulesAtWork([group(rules)]);
    before.at(10 * second, { x: 2 });
    const after = restarted(before, 10 * second, [group([alerting('Stays', 'm > 1')])]);
    const { changed, forgotten } = after.book.retire(20 * second);
    assert.deepEqual(
      changed.map(({ labels, state, resolvedAtMs }) => [labels.alertname, state, resolvedAtMs]),
      [['Gone', 'resolved', 20 * second]],
    );
    assert.equal(forgotten.length, 1);
    assert.deepEqual(after.book.retire(30 * second), { changed: [], forgotten: [] });
    assert.deepEqual(after.states, ['Stays{x} firing']);
  });

  test('rules that were moved within their group keep their alerts, those of one name in order', () => {
    const [low, high] = [alerting('A', 'm > 1'), alerting('A', 'm > 2', { labels: { severity: 'page' } })];
    const before = new RulesAtWork([group([low, high])]);
    const ids = before.at(10 * second, { x: 3 }).changed.map(({ id }) => id);
    const after = restarted(before, 10 * second, [group([alerting('New', 'm > 9'), low, high])]);
    const { changed } = after.at(20 * second, { x: 3 });
    // Only the name of their rule is another.
    assert.deepEqual(
      changed.map(({ id, state }) => [id, state]),
      ids.map((id) => [id, 'firing']),
    );
    assert.deepEqual(
      changed.map(({ rule }) => rule),
      ['rules.yml;g;A;1', 'rules.yml;g;A;2'],
    );
    assert.deepEqual(after.book.retire(20 * second), { changed: [], forgotten: [] });
  });

  test('the newest episode of an alert is the one that goes on', () => {
    const before = new RulesAtWork([group([alerting('A', 'm > 1')])]);
    before.at(10 * second, { x: 2 });
    const [resolved] = before.at(20 * second, { x: 0 }).changed;
    const [again] = before.at(30 * second, { x: 2 }).changed;
    const after = new RulesAtWork(before.groups, [again!, resolved!], 30 * second);
    assert.deepEqual(after.at(40 * second, { x: 2 }).changed, []);
    assert.equal(after.book.active()[0]!.id, again!.id);
  });
});

describe('a restart at each evaluation', () => {
  for (let seed = 100; seed < 110; seed++) {
    test(`makes no difference to any alert, seed ${seed}`, () => {
      const { series, rules: all } = generatedRules(seed);
      // What is recorded ends with the process, as in Prometheus.
      const rules = all.filter(({ kind, expr }) => kind === 'alerting' && !expr.includes('rec_'));
      const whole = new RulesAtWork([group(rules, { intervalMs: stepMs })]);
      const broken = new RulesAtWork(whole.groups);
      const stored = new Map<string, Alert>();
      for (let step = 0; step <= steps; step++) {
        const timeMs = step * stepMs;
        const kept = JSON.parse(JSON.stringify([...stored.values()])) as Alert[];
        broken.book = new RuleBook(broken.groups, kept, Math.max(0, timeMs - stepMs), { externalUrl: '' });
        for (const work of [whole, broken]) addStep(work, series, step);
        whole.at(timeMs);
        const { changed, forgotten } = broken.at(timeMs);
        for (const alert of changed) stored.set(alert.id, alert);
        for (const id of forgotten) stored.delete(id);
        assert.deepEqual(storable(broken.book.active()), storable(whole.book.active()), `step ${step}`);
      }
    });
  }
});

/** Without what is not stored at each evaluation. */
function storable(alerts: readonly Alert[]): unknown[] {
  return alerts.map(({ value: _, ...rest }) => rest).sort((a, b) => (a.id < b.id ? -1 : 1));
}

test('a clock that is set back brings no alert nearer to firing, nor further from it', () => {
  const work = new RulesAtWork([group([rule])]);
  work.at(10_000 * second, { x: 2 });
  work.at(10_010 * second, { x: 2 });
  work.at(5000 * second, { x: 2 });
  work.at(5010 * second, { x: 2 });
  assert.deepEqual(work.states, ['A{x} pending']);
  work.at(5020 * second, { x: 2 });
  assert.deepEqual(work.states, ['A{x} firing']);
});

test('a clock that is set forward, or evaluations that were missed, bring no alert nearer to firing', () => {
  const work = new RulesAtWork([group([rule])], [], 0, { mostGapMs: 60 * second });
  work.at(10 * second, { x: 2 });
  work.at(20 * second, { x: 2 });
  work.at(5000 * second, { x: 2 });
  assert.deepEqual(work.states, ['A{x} pending']);
  work.at(5020 * second, { x: 2 });
  assert.deepEqual(work.states, ['A{x} firing']);
});

test('what is said of an alert stays with its episode', () => {
  const work = new RulesAtWork([group([alerting('A', 'm > 1')])]);
  const cause = { kind: 'unknown', text: 'nobody knows', moved: [] };
  const reach = { users: 2, sessions: 3, text: '2 users' };
  const [fired] = work.at(10 * second, { x: 2 }).changed;
  const explained = work.book.explain(fired!, cause, reach);
  assert.deepEqual([explained.cause, explained.reach], [cause, reach]);
  const [resolved] = work.at(20 * second, { x: 0 }).changed;
  assert.deepEqual([resolved!.cause, resolved!.reach], [cause, reach]);
  const [again] = work.at(30 * second, { x: 2 }).changed;
  assert.deepEqual([again!.cause, again!.reach], [null, null]);
  assert.equal(work.book.explain(fired!, cause, reach).id, fired!.id);
  assert.equal(work.book.active()[0]!.cause, null);
});
