import type { SeriesAsk } from '../contract/promql-tasks.ts';
import { type Matcher, PromqlError, parseExpression } from '../promql/index.ts';
import type { MetricReader, StoredMetric } from '../store/metric-reader.ts';
import type { Reader } from '../store/reader.ts';
import { Refused } from './promql-answer.ts';

/** Series that fit one of the selectors and may have samples in the range; of all when there are none. */
export function foundSeries(
  reader: Reader,
  metrics: MetricReader,
  { matches, startMs }: SeriesAsk,
): StoredMetric[] {
  const selectors = matches.map(matchersOf);
  const active = Number.isFinite(startMs) ? reader.seriesSince(startMs) : undefined;
  const found = new Set<StoredMetric>();
  for (const matchers of selectors.length > 0 ? selectors : [[]])
    for (const metric of metrics.find(matchers)) if (active?.has(metric.id) !== false) found.add(metric);
  return [...found];
}

/** @throws Refused when the text is no selector */
export function matchersOf(text: string): readonly Matcher[] {
  try {
    const expr = parseExpression(text);
    if (expr.kind === 'selector' && expr.offset === undefined && expr.at === undefined) return expr.matchers;
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    const isEmpty = error.reason.endsWith('must contain at least one non-empty matcher');
    const why = isEmpty ? 'match[] must contain at least one non-empty matcher' : error.message;
    throw new Refused('bad_data', `invalid parameter "match[]": ${why}`);
  }
  throw new Refused('bad_data', 'invalid parameter "match[]": 1:1: parse error: expected a metric selector');
}

/** Each text once, in order. */
export function sortedTexts(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}
