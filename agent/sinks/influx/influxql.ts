import type { OlderMatcher, OlderQuery } from '../../../workers/contract/older.ts';
import { plain, plainName } from '../../../workers/point/line-protocol.ts';

/** InfluxQL, https://docs.influxdata.com/influxdb/v1/query_language/spec/ : names and texts as its scanner reads them. */

export function identifier(name: string): string {
  return `"${name.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

export function stringLiteral(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&').replaceAll('\n', '\\n')}'`;
}

/** Anchored as Prometheus does; both read RE2. Undefined where InfluxQL cannot hold it. */
function regexLiteral(text: string): string | undefined {
  if (/[\n\r\0]/.test(text)) return undefined;
  // A slash would end it, unless a backslash is before it; one that has one already stays as it is.
  const escaped = text.replaceAll(/\\.|\//gs, (found) => (found === '/' ? '\\/' : found));
  return `/^(?:${escaped})$/`;
}

/** A tag that a point does not have is '' for both. */
function condition({ name, op, value }: OlderMatcher): string | undefined {
  const tag = identifier(plain(name));
  if (op === '=' || op === '!=') return `${tag} ${op} ${stringLiteral(plain(value))}`;
  const regex = regexLiteral(value);
  return regex && `${tag} ${op} ${regex}`;
}

/** The statement for a query; steps without a value have no row. `measurementPrefix` is that of what was delivered. */
export function selectStatement(query: OlderQuery, measurementPrefix: string): string {
  const { measurement, fields, matchers, byTags, startMs, endMs, stepMs, offsetMs } = query;
  const selected = fields.map(({ field, take }) => `${take}(${identifier(plainName(field))})`);
  const conditions = matchers.map(condition).filter((text) => text !== undefined);
  const where = [`time >= ${startMs}ms`, `time < ${endMs}ms`, ...conditions];
  const groups = [`time(${stepMs}ms, ${offsetMs}ms)`, ...(byTags ? ['*'] : [])];
  return (
    `SELECT ${selected.join(', ')} FROM ${identifier(plainName(measurementPrefix + measurement))} ` +
    `WHERE ${where.join(' AND ')} GROUP BY ${groups.join(', ')} fill(none)`
  );
}
