import type { FastifyInstance } from 'fastify';
import type { RuleGroupView, RuleView } from '../../rule-shape.ts';
import { type OffsetQuery, offsetCursor, offsetPage } from '../offset-page.ts';
import {
  isoTime,
  limitOf,
  listOf,
  mapOf,
  number,
  objectOf,
  orNull,
  pageOf,
  queryOf,
  text,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

/** Open alerts of a rule that are told one by one. */
const mostAlerts = 100;

const alertSchema = objectOf({
  id: text,
  state: { enum: ['pending', 'firing', 'unknown'] },
  labels: mapOf(text),
  annotations: mapOf(text),
  value: orNull(number),
  activeAt: isoTime,
  unknownSources: listOf(text),
});

const ruleSchema = objectOf(
  {
    name: text,
    kind: { enum: ['alerting', 'recording'] },
    expression: text,
    labels: mapOf(text),
    line: wholeNumber,
    health: { enum: ['ok', 'err', 'unknown'] },
    error: text,
    lastEvaluation: orNull(isoTime),
    durationMs: number,
    samples: wholeNumber,
    state: { enum: ['inactive', 'pending', 'firing', 'unknown'] },
    downSources: listOf(text),
    forMs: number,
    keepFiringForMs: number,
    annotations: mapOf(text),
    clear: orNull(text),
    noData: orNull(text),
    alertCount: wholeNumber,
    alerts: listOf(alertSchema),
  },
  [
    'state',
    'forMs',
    'keepFiringForMs',
    'annotations',
    'clear',
    'noData',
    'downSources',
    'alertCount',
    'alerts',
  ],
);

const groupSchema = objectOf({
  file: text,
  name: text,
  intervalMs: number,
  limit: wholeNumber,
  queryOffsetMs: number,
  lastEvaluation: orNull(isoTime),
  durationMs: number,
  rules: listOf(ruleSchema),
});

/** `/api/monitoring/rules`: every group and rule with its last evaluation and its open alerts, in the order of the files. */
export function addRuleRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get<{ Querystring: OffsetQuery }>(
    '/api/monitoring/rules',
    {
      schema: {
        summary: 'Groups of rules, their last evaluation and their open alerts',
        tags: ['rules'],
        querystring: queryOf({ limit: limitOf(200, 1000), before: offsetCursor }),
        response: { 200: pageOf(groupSchema) },
      },
    },
    async ({ query }) => {
      const { page, next } = offsetPage(views.rules(), query);
      return { success: true, data: page.map(shownGroup), ...next };
    },
  );
}

function shownGroup({ file, name, intervalMs, limit, queryOffsetMs, ...group }: RuleGroupView) {
  return {
    ...{ file, name, intervalMs, limit, queryOffsetMs },
    lastEvaluation: isoOrNull(group.evaluatedAtMs),
    durationMs: rounded(group.tookMs),
    rules: group.rules.map(shownRule),
  };
}

function shownRule(rule: RuleView) {
  const { name, kind, expr, labels, line, health, error, evaluatedAtMs, tookMs, samples } = rule;
  const base = {
    ...{ name, kind, expression: expr, labels, line, health, error, samples },
    lastEvaluation: isoOrNull(evaluatedAtMs),
    durationMs: rounded(tookMs),
  };
  if (rule.kind === 'recording') return base;
  const { state, forMs, keepFiringForMs, annotations, clear, noData, downSources, alerts } = rule;
  return {
    ...{ ...base, state, forMs, keepFiringForMs, annotations, clear, noData, downSources },
    alertCount: alerts.length,
    alerts: alerts.slice(0, mostAlerts).map((alert) => ({
      id: alert.id,
      state: alert.unknownSources.length > 0 ? 'unknown' : alert.state,
      labels: alert.labels,
      annotations: alert.annotations,
      value: Number.isFinite(alert.value) ? alert.value : null,
      activeAt: new Date(alert.activeAtMs).toISOString(),
      unknownSources: alert.unknownSources,
    })),
  };
}

function isoOrNull(timeMs: number): string | null {
  return timeMs > 0 ? new Date(timeMs).toISOString() : null;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
