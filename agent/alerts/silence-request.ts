import { randomUUID } from 'node:crypto';
import type { LabelMatcher, Silence } from '../../workers/contract/alerts.ts';
import { parseMatchers } from '../../workers/routing/matchers.ts';
import type { SilenceRequest } from '../alert-shape.ts';
import { AgentError, messageOf } from '../errors.ts';
import { parseDuration } from '../units.ts';

const mostMatchers = 32;
const mostTextLength = 500;
const longestMs = 366 * 24 * 60 * 60_000;

/** The silence that is asked for. Throws AgentError USAGE that names the key, what it has and what is allowed. */
export function silenceOf(request: SilenceRequest, nowMs: number): Silence {
  const { id = randomUUID(), createdBy, comment } = request;
  for (const [key, text] of [
    ['createdBy', createdBy],
    ['comment', comment],
  ] as const) {
    if (text.trim() === '') throw wrong(key, 'expected who asks for it and why, got nothing');
    if (text.length > mostTextLength) throw wrong(key, `expected at most ${mostTextLength} characters`);
  }
  const startsAtMs = request.startsAt === undefined ? nowMs : timeOf('startsAt', request.startsAt);
  const endsAtMs = endOf(request, Math.max(startsAtMs, nowMs));
  if (endsAtMs <= nowMs) throw wrong('endsAt', 'expected a time that is still to come');
  if (endsAtMs <= startsAtMs) throw wrong('endsAt', 'expected a time after startsAt');
  if (endsAtMs - startsAtMs > longestMs) throw wrong('endsAt', 'expected at most 366 days');
  return { id, matchers: matchersOf(request.matchers), startsAtMs, endsAtMs, createdBy, comment };
}

/** As Alertmanager writes it: `queue="mail"`. */
export function matcherText({ name, op, value }: LabelMatcher): string {
  const shown = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
  return `${shown}${op}${JSON.stringify(value)}`;
}

function matchersOf(texts: readonly string[]): LabelMatcher[] {
  let matchers: LabelMatcher[];
  try {
    matchers = texts.flatMap((text) => parseMatchers(text));
  } catch (cause) {
    throw new AgentError('USAGE', `matchers: ${messageOf(cause)}`, { cause });
  }
  if (matchers.length === 0) throw wrong('matchers', 'expected at least one, such as queue="mail"');
  if (matchers.length > mostMatchers) throw wrong('matchers', `expected at most ${mostMatchers}`);
  const isForAll = matchers.every(({ op, value }) => op === '!=' || (op === '=~' && /^(\.\*|)$/.test(value)));
  if (isForAll) throw wrong('matchers', 'these fit every alert; name at least one label with a value');
  return matchers;
}

function endOf({ endsAt, duration }: SilenceRequest, startMs: number): number {
  if (endsAt !== undefined && duration !== undefined)
    throw wrong('duration', 'expected either endsAt or duration, got both');
  if (endsAt !== undefined) return timeOf('endsAt', endsAt);
  if (duration === undefined) throw wrong('duration', 'expected a duration such as 2h, or a time in endsAt');
  const ms = parseDuration(duration);
  if (ms === undefined || ms <= 0)
    throw wrong('duration', `expected one such as 30m or 2h, got "${duration}"`);
  return startMs + ms;
}

function timeOf(key: string, text: string): number {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw wrong(key, `expected a time such as 2026-01-31T12:00:00Z, got "${text}"`);
  return ms;
}

function wrong(key: string, message: string): AgentError {
  return new AgentError('USAGE', `${key}: ${message}`);
}
