import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SilenceRequest } from '../../../agent/alert-shape.ts';
import { matcherText, silenceOf } from '../../../agent/alerts/silence-request.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const usual: SilenceRequest = {
  matchers: ['queue="mail"', 'severity=~"info|warning"'],
  duration: '2h',
  createdBy: 'ada',
  comment: 'move',
};

test('a silence begins now and lasts as long as is said', () => {
  const { id, ...silence } = silenceOf(usual, nowMs);
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(silence, {
    matchers: [
      { name: 'queue', op: '=', value: 'mail' },
      { name: 'severity', op: '=~', value: 'info|warning' },
    ],
    startsAtMs: nowMs,
    endsAtMs: nowMs + 7_200_000,
    createdBy: 'ada',
    comment: 'move',
  });
});

test('times may be given, and one text may hold several matchers', () => {
  const silence = silenceOf(
    {
      id: 'known',
      matchers: ['{queue="mail", env!="dev"}'],
      startsAt: '2026-03-01T13:00:00Z',
      endsAt: '2026-03-01T15:00:00+01:00',
      createdBy: 'ada',
      comment: 'move',
    },
    nowMs,
  );
  assert.equal(silence.id, 'known');
  assert.equal(silence.matchers.length, 2);
  assert.equal(silence.startsAtMs, Date.parse('2026-03-01T13:00:00Z'));
  assert.equal(silence.endsAtMs, Date.parse('2026-03-01T14:00:00Z'));
});

const { duration: _, ...endless } = usual;
const refused: [name: string, request: SilenceRequest, said: RegExp][] = [
  ['no matcher', { ...usual, matchers: [] }, /^matchers: expected at least one/],
  ['a matcher that is none', { ...usual, matchers: ['queue'] }, /^matchers: /],
  ['a regular expression that is none', { ...usual, matchers: ['queue=~"("'] }, /^matchers: /],
  ['matchers that fit all', { ...usual, matchers: ['queue=~".*"'] }, /^matchers: these fit every alert/],
  ['only what must not be', { ...usual, matchers: ['queue!="mail"'] }, /^matchers: these fit every alert/],
  ['no end', endless, /^duration: expected a duration such as 2h/],
  ['two ends', { ...usual, endsAt: '2026-03-02T00:00:00Z' }, /^duration: expected either/],
  [
    'a duration that is none',
    { ...usual, duration: 'long' },
    /^duration: expected one such as .* got "long"/,
  ],
  [
    'an end that is past',
    { ...endless, endsAt: '2026-02-01T00:00:00Z' },
    /^endsAt: expected a time that is still/,
  ],
  ['an end that is no time', { ...endless, endsAt: '5' }, /^endsAt: expected a time such as/],
  [
    'an end before the begin',
    { ...endless, startsAt: '2026-03-03T00:00:00Z', endsAt: '2026-03-02T00:00:00Z' },
    /^endsAt: expected a time after/,
  ],
  ['for ever', { ...usual, duration: '400d' }, /^endsAt: expected at most 366 days/],
  ['nobody', { ...usual, createdBy: ' ' }, /^createdBy: expected who/],
  ['no reason', { ...usual, comment: '' }, /^comment: expected who/],
  ['a novel', { ...usual, comment: 'x'.repeat(501) }, /^comment: expected at most 500/],
];
for (const [name, request, said] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(() => silenceOf(request, nowMs), { code: 'USAGE', message: said });
  });
}

test('a matcher is shown as it is written, odd names and values quoted', () => {
  assert.equal(matcherText({ name: 'queue', op: '!~', value: 'a"b' }), 'queue!~"a\\"b"');
  assert.equal(matcherText({ name: 'a b', op: '=', value: '' }), '"a b"=""');
});
