import { workerData } from 'node:worker_threads';
import type { OlderNeed } from '../contract/older.ts';
import type { PromqlAnswer, PromqlResult, PromqlTask } from '../contract/promql-tasks.ts';
import type { QuerySetup } from '../contract/tasks.ts';
import { evaluateInstant, evaluateRange, type Select } from '../promql/index.ts';
import { MetricRing } from '../ring/metric-ring.ts';
import { MetricHistory } from '../store/metric-history.ts';
import { MetricReader } from '../store/metric-reader.ts';
import { ticksUntilStale } from '../store/stale-gaps.ts';
import { StoreError } from '../store/store-error.ts';
import { OlderSeries } from './older-series.ts';
import { OpenMetrics } from './open-metrics.ts';
import { catalogueMetadata } from './open-metrics-families.ts';
import { cut, labelsText, Refused, refusal, success, writeResult } from './promql-answer.ts';
import { foundSeries, sortedTexts } from './promql-series.ts';
import { useReader } from './query.ts';

/** The task of the query worker behind the API of Prometheus: loaded with PromQL only where it is asked. */
const setup = workerData as QuerySetup;
const ring = new MetricRing(setup.rings);
const openMetrics = new OpenMetrics(ring, setup.events, () => Number(process.hrtime.bigint() / 1000n) / 1000);

/** Most samples that a query may read, and values that it may calculate. */
const mostSamples = 20_000_000;
/** Texts or series of a list. */
const mostListed = 100_000;

let metrics: MetricReader | undefined;

/** One answer, whole: the main loop only sends it. Or what is needed for it. */
export function promql(task: PromqlTask): PromqlResult {
  const watch = new Watch(task);
  try {
    return answer(task, watch);
  } catch (error) {
    if (error instanceof StoreError) return { errorType: 'unavailable', error: error.message };
    return refusal(error, watch.hasTimedOut);
  }
}

/** Whether to go on. */
class Watch {
  hasTimedOut = false;
  readonly #cell: Int32Array;
  readonly #endMs: number;

  constructor({ cancelled, limitMs }: PromqlTask) {
    this.#cell = new Int32Array(cancelled);
    this.#endMs = performance.now() + limitMs;
  }

  readonly isOver = (): boolean => {
    if (Atomics.load(this.#cell, 0) !== 0) return true;
    this.hasTimedOut = performance.now() > this.#endMs;
    return this.hasTimedOut;
  };
}

function answer(task: PromqlTask, watch: Watch): PromqlResult {
  switch (task.ask) {
    case 'query':
    case 'query_range':
      return queryAnswer(task, watch);
    case 'labels':
    case 'values':
    case 'series':
      return listAnswer(task);
    case 'metadata':
      return success((body) => {
        body.add(JSON.stringify(catalogueMetadata(task.metric, task.limit)));
        return [];
      });
    case 'metrics':
      return { body: openMetrics.text(task) };
  }
}

function queryAnswer(
  task: PromqlTask & { readonly ask: 'query' | 'query_range' },
  watch: Watch,
): PromqlResult {
  const select = new QuerySelect(task, watch);
  const options = { lookbackMs: task.lookbackMs, maxSamples: mostSamples, isCancelled: watch.isOver };
  const result =
    task.ask === 'query'
      ? evaluateInstant(task.expr, task.timeMs, select.select, options)
      : evaluateRange(task.expr, task.startMs, task.endMs, task.stepMs, select.select, options);
  if (select.needs().length > 0) return { needs: select.needs() };
  const timeMs = task.ask === 'query' ? task.timeMs : 0;
  return success((body) => [...writeResult(body, result, timeMs, task.limit), ...select.warnings()]);
}

/** What one query selects from. */
class QuerySelect {
  readonly select: Select;
  readonly #history: MetricHistory | undefined;
  readonly #older: OlderSeries | undefined;
  readonly #olderWarnings: readonly string[];
  #storeProblem = '';

  constructor(task: PromqlTask, watch: Watch) {
    const { rawFromMs, minutesFromMs, intervalMs, slowFactor, older, commonTags } = task;
    this.#olderWarnings = older?.warnings ?? [];
    const staleAfterTicks = ticksUntilStale(intervalMs, slowFactor);
    let read = 0;
    const touch = (samples: number) => {
      read += samples;
      if (read > mostSamples)
        throw new Refused(
          'execution',
          'query processing would load too many samples into memory in query execution',
        );
      // The evaluation stops before it uses what was read until now.
      if (watch.isOver()) throw new Refused(...overWords(watch.hasTimedOut));
    };
    const fromRing: Select = (matchers, startMs, endMs) =>
      ring.select(matchers, startMs, endMs, staleAfterTicks);
    try {
      const reader = useReader();
      metrics ??= new MetricReader(reader, 0);
      const limits = { rawFromMs, minutesFromMs, intervalMs, staleAfterTicks, commonTags, touch };
      const history = new MetricHistory(reader, metrics, limits);
      this.#history = history;
      // A store that takes nothing, such as on a full disk, lacks what the ring has.
      const isBehind = ring.newestMs() > reader.newestTickMs();
      const storedMs = isBehind ? reader.newestTickMs() : Number.POSITIVE_INFINITY;
      const select: Select = (matchers, startMs, endMs, hints) =>
        endMs > storedMs && startMs >= ring.oldestMs()
          ? fromRing(matchers, startMs, endMs)
          : history.select(matchers, startMs, endMs, hints);
      const { host = '' } = commonTags;
      this.#older = older
        ? new OlderSeries({ found: older.found, ownTags: host === '' ? {} : { host }, reader })
        : undefined;
      this.select = this.#older?.before(select) ?? select;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#storeProblem = error.message;
      this.select = fromRing;
    }
  }

  /** What has to be fetched first. */
  needs(): readonly OlderNeed[] {
    return this.#older?.needs ?? [];
  }

  warnings(): string[] {
    const warnings = [...this.#olderWarnings, ...(this.#older?.problems ?? [])];
    if (this.#storeProblem !== '')
      warnings.push(`the store cannot be read, only the last 15 minutes are here: ${this.#storeProblem}`);
    if (this.#history?.isCoarse)
      warnings.push(
        'a part of the range is so old that single samples are kept no longer: there a minute or hour is one sample',
      );
    if (this.#history?.isAbsolute)
      warnings.push('of histograms of durations only the increase is known: use rate() or increase()');
    return warnings;
  }
}

function overWords(hasTimedOut: boolean): ['timeout' | 'canceled', string] {
  return hasTimedOut
    ? ['timeout', 'query timed out in expression evaluation']
    : ['canceled', 'query was canceled in expression evaluation'];
}

function listAnswer(task: PromqlTask & { readonly ask: 'labels' | 'values' | 'series' }): PromqlAnswer {
  const reader = useReader();
  metrics ??= new MetricReader(reader, 0);
  const found = foundSeries(reader, metrics, task);
  const limit = task.limit === 0 ? mostListed : Math.min(task.limit, mostListed);
  return success((body) => {
    if (task.ask === 'series') {
      const { list, warnings } = cut(found, limit);
      body.add('[');
      list.forEach(({ labels }, i) => {
        body.add(`${i > 0 ? ',' : ''}${labelsText(labels)}`);
      });
      body.add(']');
      return warnings;
    }
    const texts =
      task.ask === 'labels'
        ? found.flatMap(({ labels }) => Object.keys(labels))
        : found.flatMap(({ labels }) => labels[task.label] ?? []);
    const { list, warnings } = cut(sortedTexts(texts), limit);
    body.add(JSON.stringify(list));
    return warnings;
  });
}
