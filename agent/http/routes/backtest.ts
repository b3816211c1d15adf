import type { FastifyInstance } from 'fastify';
import type {
  BacktestReport,
  FiringSummary,
  ReceiverSummary,
  ReplayedAlert,
  RuleReport,
} from '../../../workers/contract/backtest.ts';
import type { Clock } from '../../clock.ts';
import { parseDuration } from '../../units.ts';
import { refuse } from '../answers.ts';
import { QueryError } from '../query-error.ts';
import {
  answerOf,
  isoTime,
  listOf,
  mapOf,
  number,
  objectOf,
  orNull,
  queryOf,
  text,
  textOf,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';
import { whileAsked } from '../while-asked.ts';

/** A rule file as text. */
const mostBytes = 256 * 1024;

interface BacktestBody {
  readonly rule?: string;
  readonly file?: string;
  readonly since: string;
  readonly until?: string;
}

const summaryFields = {
  firings: wholeNumber,
  flaps: wholeNumber,
  firingMs: number,
  longestMs: number,
  unknownMs: number,
  first: orNull(isoTime),
  last: orNull(isoTime),
};

const ruleSchema = objectOf({
  ...{ group: text, rule: text, forMs: number },
  ...summaryFields,
  suggestedForMs: orNull(number),
  remaining: orNull(wholeNumber),
  failures: wholeNumber,
  error: text,
  alerts: listOf(
    objectOf({
      labels: mapOf(text),
      ...summaryFields,
      times: listOf(objectOf({ from: isoTime, to: orNull(isoTime), unknownMs: number })),
    }),
  ),
});

const reportSchema = objectOf({
  since: isoTime,
  until: isoTime,
  rules: listOf(ruleSchema),
  receivers: listOf(
    objectOf({
      receiver: text,
      notifications: wholeNumber,
      reasons: mapOf(wholeNumber),
      first: orNull(isoTime),
      last: orNull(isoTime),
    }),
  ),
  notifications: listOf(
    objectOf({
      timestamp: isoTime,
      receiver: text,
      reason: text,
      groupLabels: mapOf(text),
      firing: wholeNumber,
      resolved: wholeNumber,
    }),
  ),
  problems: listOf(text),
});

/**
 * `POST /api/monitoring/backtest` with `{rule}` (the name of one in force) or `{file}` (the text of a rule file), `since`
 * and `until` (a duration back from now, or an ISO time): what these rules would have done. 409 while another replay
 * runs; who leaves ends it.
 */
export function addBacktestRoutes(app: FastifyInstance, views: HttpViews, clock: Clock): void {
  app.post<{ Body: BacktestBody }>(
    '/api/monitoring/backtest',
    {
      bodyLimit: mostBytes,
      schema: {
        summary: 'Replays rules over the stored past: what would have fired, and who would have been told',
        tags: ['rules'],
        body: queryOf({
          rule: textOf('Name of an alerting rule in force.', { maxLength: 500 }),
          file: textOf('Text of a rule file.'),
          since: textOf('From: a duration back from now, or an ISO 8601 time.', { default: '24h' }),
          until: textOf('To, likewise; now unless told.'),
        }),
        response: { 200: answerOf(reportSchema) },
      },
    },
    async (request, reply) => {
      const { rule, file, since, until } = request.body;
      const nowMs = clock.now();
      const wish = {
        ...{ rule, file },
        sinceMs: timeOf('since', since, nowMs),
        untilMs: until === undefined ? nowMs : timeOf('until', until, nowMs),
      };
      const report = await whileAsked(reply, (signal) =>
        views.backtest(wish, signal).catch((error: unknown) => {
          if (signal.aborted) return 'gone' as const;
          throw error;
        }),
      );
      if (report === 'gone') return reply.hijack();
      if (report === 'busy')
        return refuse(reply, 409, 'another backtest runs: wait for its end, one is run at a time');
      return { success: true, data: shownReport(report) };
    },
  );
}

function timeOf(key: string, given: string, nowMs: number): number {
  const back = parseDuration(given);
  if (back !== undefined) return nowMs - back;
  const timeMs = /^\d{4}-\d{2}-\d{2}/.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new QueryError(
    `${key}: expected a duration such as 24h, or a time such as 2026-01-31T12:00:00Z, got ${JSON.stringify(given.slice(0, 40))}`,
  );
}

function shownReport({ sinceMs, untilMs, rules, receivers, notifications, problems }: BacktestReport) {
  return {
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    rules: rules.map(shownRule),
    receivers: receivers.map(shownReceiver),
    notifications: notifications.map(({ timeMs, ...one }) => ({
      timestamp: new Date(timeMs).toISOString(),
      ...one,
    })),
    problems,
  };
}

function shownRule({ summary, suggested, alerts, ...rule }: RuleReport) {
  return {
    ...rule,
    ...shownSummary(summary),
    suggestedForMs: suggested?.forMs ?? null,
    remaining: suggested?.remaining ?? null,
    alerts: alerts.map(shownAlert),
  };
}

function shownAlert({ labels, summary, firings }: ReplayedAlert) {
  const times = firings.map(({ firedAtMs, endedAtMs, unknownMs }) => ({
    from: new Date(firedAtMs).toISOString(),
    to: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
    unknownMs,
  }));
  return { labels, ...shownSummary(summary), times };
}

function shownSummary({ firstMs, lastMs, ...summary }: FiringSummary) {
  return { ...summary, first: isoOrNull(firstMs), last: isoOrNull(lastMs) };
}

function shownReceiver({ firstMs, lastMs, ...told }: ReceiverSummary) {
  return { ...told, first: isoOrNull(firstMs), last: isoOrNull(lastMs) };
}

function isoOrNull(timeMs: number): string | null {
  return timeMs > 0 ? new Date(timeMs).toISOString() : null;
}
