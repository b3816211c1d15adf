import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Alert } from '../../../workers/contract/alerts.ts';
import { isOtherAlert, type StepMoment, shiftedAlert, stepAlert } from '../../../workers/rules/alert-step.ts';

const identity = { rule: 'f;g;A;0', labels: { alertname: 'A' }, fingerprint: '0123456789abcdef' };
const found = { value: 1, annotations: {} };

function stepped(
  previous: Alert | undefined,
  seconds: number,
  isThere: boolean,
  other: Partial<StepMoment> = {},
): Alert | undefined {
  const moment = { forMs: 0, keepFiringForMs: 0, unknownSources: [], isHeld: false, ...other };
  return stepAlert(identity, previous, isThere ? found : undefined, { nowMs: seconds * 1000, ...moment });
}

/** The state at each second: `1` a sample, `0` none, `?` a source is down. */
function timeline(samples: string, other: Partial<StepMoment> = {}): string {
  let alert: Alert | undefined;
  return [...samples]
    .map((sample, second) => {
      const unknownSources = sample === '?' ? ['host'] : [];
      alert = stepped(alert, second + 1, sample === '1', { ...other, unknownSources });
      const state = alert?.state ?? '-';
      return state[0]! + (alert?.unknownSources.length ? '?' : '');
    })
    .join(' ');
}

describe('an alert', () => {
  const cases: [name: string, samples: string, other: Partial<StepMoment>, states: string][] = [
    ['without `for` fires at once and resolves at once', '0110', {}, '- f f r'],
    ['is pending until `for` is over, its end included', '1111', { forMs: 2000 }, 'p p f f'],
    ['that is missing while pending is gone, and begins anew', '1101111', { forMs: 2000 }, 'p p - p p f f'],
    ['keeps firing for a while', '1000', { keepFiringForMs: 2000 }, 'f f f r'],
    [
      'that is back meanwhile has all of that while again',
      '1001000',
      { keepFiringForMs: 2000 },
      'f f f f f f r',
    ],
    ['that fires again after its end begins with pending', '111011', { forMs: 1000 }, 'p f f r p f'],
    ['stays as it is while a source is down', '1??10', {}, 'f f? f? f r'],
    ['that is gone when the source is back resolves', '1??0', {}, 'f f? f? r'],
    ['does not begin while a source is down', '??1', {}, '- - f'],
    [
      'does not come nearer to firing while a source is down',
      '11???111',
      { forMs: 3000 },
      'p p p? p? p? p f f',
    ],
    [
      'does not use up its `keep_firing_for` while a source is down',
      '10???000',
      { keepFiringForMs: 2000 },
      'f f f? f? f? f r r',
    ],
    ['that is held goes on firing', '100', { isHeld: true }, 'f f f'],
    ['that is only pending is not held', '100', { isHeld: true, forMs: 5000 }, 'p - -'],
  ];
  for (const [name, samples, other, states] of cases) {
    test(name, () => assert.equal(timeline(samples, other), states));
  }

  test('that ended is forgotten after 15 minutes', () => {
    const resolved = stepped(stepped(undefined, 1, true), 2, false);
    assert.equal(stepped(resolved, 2 + 900, false), resolved);
    assert.equal(stepped(resolved, 2 + 901, false), undefined);
  });

  test('has another id in each episode, and one within it', () => {
    const first = stepped(undefined, 1, true, { forMs: 1000 })!;
    const firing = stepped(first, 2, true, { forMs: 1000 })!;
    const second = stepped(stepped(firing, 3, false), 4, true)!;
    assert.equal(first.id, `${identity.fingerprint}-${(1000).toString(36)}`);
    assert.equal(firing.id, first.id);
    assert.notEqual(second.id, first.id);
  });

  test('tells its times', () => {
    const firing = stepped(stepped(undefined, 1, true, { forMs: 1000 }), 2, true, { forMs: 1000 })!;
    const { activeAtMs, firedAtMs, resolvedAtMs } = stepped(firing, 3, false)!;
    assert.deepEqual(
      { activeAtMs, firedAtMs, resolvedAtMs },
      { activeAtMs: 1000, firedAtMs: 2000, resolvedAtMs: 3000 },
    );
  });

  test('keeps its value while nothing is known, and says since when', () => {
    const firing = stepped(undefined, 1, true)!;
    const unknown = stepped(firing, 2, false, { unknownSources: ['host'] })!;
    const later = stepped(unknown, 3, false, { unknownSources: ['host'] });
    assert.equal(later, unknown);
    assert.deepEqual([unknown.value, unknown.unknownSources, unknown.unknownSinceMs], [1, ['host'], 2000]);
  });

  test('is other than before in more than its value when its text is', () => {
    const before = stepped(undefined, 1, true)!;
    assert.ok(!isOtherAlert(before, { ...before, value: 2, annotations: {} }));
    assert.ok(isOtherAlert(before, { ...before, annotations: { summary: 'x' } }));
    assert.ok(isOtherAlert(before, { ...before, unknownSources: ['host'] }));
    assert.ok(isOtherAlert(undefined, before));
  });

  test('that fires and waits for nothing has no times to move on', () => {
    const firing = stepped(undefined, 1, true)!;
    assert.equal(shiftedAlert(firing, 5000), firing);
    const pending = stepped(undefined, 1, true, { forMs: 9000 })!;
    assert.equal(shiftedAlert(pending, 5000).activeAtMs, 6000);
    assert.equal(shiftedAlert(pending, 5000).id, pending.id);
  });
});
