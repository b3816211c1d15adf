import type { LabelSet } from '../contract/alerts.ts';
import { catalogue } from '../point/catalogue.ts';
import { type Expr, parseExpression } from '../promql/index.ts';
import type { MovedMetric } from './moved-search.ts';
import { subjectTag } from './watched-metrics.ts';

/** Which of the measured things a rule is about: measurement → families of its fields. */
export type ReadMetrics = ReadonlyMap<string, ReadonlySet<string>>;

/** What the dashboard's names are made of. */
const snapshotSources: Readonly<Record<string, readonly [measurement: string, family: string]>> = {
  cpuUsage: ['system', 'cpu'],
  memoryUsage: ['system', 'memory'],
  apiErrorRate: ['http', 'errors'],
};

/** The metrics that an expression reads; none of an expression that cannot be parsed. */
export function metricsOf(expr: string): ReadMetrics {
  const read = new Map<string, Set<string>>();
  for (const name of selectedNames(expr)) {
    const [measurement, family] = familyOf(name);
    if (measurement === '') continue;
    const families = read.get(measurement) ?? new Set();
    read.set(measurement, families.add(family));
  }
  return read;
}

/** `http_duration_p95_ms` → http, duration: fields of one family say much the same. */
function familyOf(name: string): readonly [measurement: string, family: string] {
  const measurement = name.slice(0, Math.max(0, name.indexOf('_')));
  if (!Object.hasOwn(catalogue, measurement)) return ['', ''];
  const field = name.slice(measurement.length + 1);
  return (measurement === 'snapshot' && snapshotSources[field]) || [measurement, fieldFamily(field)];
}

function fieldFamily(field: string): string {
  return field.split('_', 1)[0]!;
}

/** True for what an alert is itself about, and for what follows from it. */
export function isOwn(moved: MovedMetric, read: ReadMetrics, labels: LabelSet): boolean {
  const { metric, tags } = moved;
  const { measurement, field } = metric;
  if (measurement === 'agent' && !read.has('agent')) return true;
  const families = read.get(measurement);
  if (!families) return false;
  const subject = subjectTag[measurement];
  // Of a rule over all routes each route may be the cause.
  if (subject !== undefined && labels[subject] === undefined) return false;
  for (const [name, value] of Object.entries(tags)) if ((labels[name] ?? value) !== value) return false;
  if (measurement === 'queue') return true;
  return families.has(fieldFamily(field)) || (families.has('errors') && isFailure(moved));
}

/** True for a rule about what fails, and for what tells of failures. */
export function isAboutFailures(read: ReadMetrics): boolean {
  if (read.has('errors')) return true;
  for (const families of read.values()) if (families.has('errors') || families.has('failed')) return true;
  return false;
}

export function isFailure({ metric: { measurement, field }, tags }: MovedMetric): boolean {
  if (measurement === 'http') return field === 'requests' && /^[45]/.test(tags.status ?? '');
  return measurement === 'errors' || field === 'errors' || field === 'failed_total';
}

function selectedNames(expr: string): Set<string> {
  const names = new Set<string>();
  try {
    collect(parseExpression(expr), names);
  } catch {
    // A rule that cannot be evaluated has no alerts to explain.
  }
  return names;
}

function collect(expr: Expr, names: Set<string>): void {
  switch (expr.kind) {
    case 'selector':
      for (const { name, op, value } of expr.matchers)
        if (name === '__name__' && op === '=') names.add(value);
      if (expr.name !== undefined) names.add(expr.name);
      break;
    case 'matrix':
      collect(expr.selector, names);
      break;
    case 'binary':
      collect(expr.left, names);
      collect(expr.right, names);
      break;
    case 'call':
      for (const arg of expr.args) collect(arg, names);
      break;
    case 'aggregate':
    case 'subquery':
    case 'paren':
    case 'unary':
      collect(expr.expr, names);
  }
}
