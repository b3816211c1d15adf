import { useEffect, useRef, useState } from 'preact/hooks';
import type { Compare } from '../address.ts';
import { readIntervalMs } from '../agent-state.ts';
import { type ApiError, promRange, type Series } from '../api.ts';
import { asApiError } from '../data.ts';
import { agentNow, onEvents, onTick } from '../live.ts';
import { alignedSpan, type Span, spanOf, spanUntilNow, stepOf, type TimeRange } from '../time-range.ts';
import { type Columns, columnsOf, type LoadedSeries, movedOn } from './chart-columns.ts';
import { chartQuery } from './chart-query.ts';

/** Asks for the values of a chart: at every `stepMs` of the span, both ends included. */
export type SeriesLoader = (span: Span, stepMs: number, signal: AbortSignal) => Promise<readonly Series[]>;

export interface ChartSeries {
  /** `{{queue}}` stands for that label, where there are several. */
  readonly label: string;
  /**
   * One of these: PromQL with `$mean(…)`, `$peak(…)` and `$rate(…)` of metrics, see `chartQuery`;
   */
  readonly expr?: string;
  /** what asks for it, */
  readonly load?: SeriesLoader;
  /** (with what decides about its answer, so that a change asks again) */
  readonly loadKey?: string;
  /** or the values themselves. */
  readonly values?: readonly Series[];
  /** Place in the palette, 1 to 8; in turn unless told. */
  readonly colour?: number;
  /** The same of lines by their names, where there are several. */
  readonly colours?: Readonly<Record<string, number>>;
}

export interface ChartData {
  readonly columns: Columns | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
}

interface Request {
  readonly series: readonly ChartSeries[];
  readonly range: TimeRange;
  readonly beforeMs: number;
  readonly widthPx: number;
}

/** Not more often, however short the range: an eye sees no more, and every chart asks. */
const leastEveryMs = 4000;
/** The newest of long steps is not over. */
const mostEveryMs = 60_000;
/** Of the tail that is asked again: the newest steps were not complete, and the newest minute of what is merged by minutes. */
const again = { steps: 2, loadedMs: 120_000 };

const beforeMsOf: Readonly<Record<Compare, number>> = { none: 0, '1d': 86_400_000, '7d': 604_800_000 };

/**
 * What a chart of that width shows. While the range ends now, only what is new is asked, as ticks come, and joined to
 * what is there; after a while without the agent that is all since then.
 */
export function useChartData(
  series: readonly ChartSeries[],
  range: TimeRange,
  compare: Compare,
  widthPx: number,
): ChartData {
  const [data, setData] = useState<ChartData>({ columns: undefined, error: undefined, isLoading: true });
  const beforeMs = beforeMsOf[compare];
  const newest = useRef(series);
  newest.current = series;
  // A little wider or narrower asks nothing again.
  const width = Math.ceil(widthPx / 100) * 100;
  const what = series
    .map(({ label, expr, loadKey, values }) => [label, expr, loadKey, values ? idOf(values) : ''])
    .join();
  const { kind } = range;
  const [startMs, endMs] = kind === 'last' ? [range.ms, 0] : [range.fromMs, range.toMs];
  useEffect(() => {
    if (width === 0) return undefined;
    const feed = new ChartFeed({ series: newest.current, range, beforeMs, widthPx: width }, setData);
    feed.start();
    return () => feed.end();
  }, [what, kind, startMs, endMs, beforeMs, width]);
  return data;
}

class ChartFeed {
  readonly #request: Request;
  readonly #show: (change: (before: ChartData) => ChartData) => void;
  readonly #aborter = new AbortController();
  readonly #endings: (() => void)[] = [];
  #columns: Columns | undefined;
  #isAsking = false;
  #askedMs = 0;

  constructor(request: Request, show: (change: (before: ChartData) => ChartData) => void) {
    this.#request = request;
    this.#show = show;
  }

  start(): void {
    void this.#ask(undefined);
    if (this.#request.range.kind !== 'last') return;
    this.#endings.push(
      onTick((_, timeMs) => this.#onTick(timeMs)),
      onEvents(['back'], () => this.#onTick(agentNow())),
    );
  }

  end(): void {
    this.#aborter.abort();
    for (const end of this.#endings) end();
  }

  #onTick(nowMs: number): void {
    if (document.hidden || this.#isAsking) return;
    const columns = this.#columns;
    if (!columns) return void this.#ask(undefined);
    if (nowMs >= this.#askedMs + Math.max(leastEveryMs, Math.min(columns.stepMs, mostEveryMs)))
      void this.#ask(columns);
  }

  async #ask(old: Columns | undefined): Promise<void> {
    const { range, widthPx, series } = this.#request;
    this.#isAsking = true;
    const intervalMs = await readIntervalMs();
    if (this.#aborter.signal.aborted) return;
    const askedMs = agentNow();
    const whole = spanOf(range, askedMs);
    const stepMs = givenStepMs(series) ?? stepOf(whole, widthPx, intervalMs);
    const span = range.kind === 'last' ? spanUntilNow(whole, stepMs) : alignedSpan(whole, stepMs);
    const tailMs = old ? tailFromMs(old, series) : 0;
    const isTail = old !== undefined && old.stepMs === stepMs && tailMs > span.fromMs;
    if (!isTail) this.#show((before) => ({ ...before, isLoading: true }));
    try {
      const asked = isTail ? { fromMs: tailMs, toMs: span.toMs } : span;
      const loaded = await this.#load(asked, stepMs, intervalMs);
      if (this.#aborter.signal.aborted) return;
      const columns = columnsOf(loaded, asked, stepMs);
      this.#askedMs = askedMs;
      this.#columns = isTail ? movedOn(old, columns, span) : columns;
      const shown = this.#columns;
      this.#show(() => ({ columns: shown, error: undefined, isLoading: false }));
    } catch (cause) {
      if (this.#aborter.signal.aborted) return;
      const error = asApiError(cause);
      this.#show(({ columns }) => ({ columns, error, isLoading: false }));
    } finally {
      this.#isAsking = false;
    }
  }

  async #load(span: Span, stepMs: number, intervalMs: number): Promise<LoadedSeries[]> {
    const { series, beforeMs } = this.#request;
    const shifts = beforeMs === 0 ? [0] : [0, beforeMs];
    const asked = shifts.flatMap((shiftMs) =>
      series.map(async (one): Promise<LoadedSeries> => {
        const shifted = { fromMs: span.fromMs - shiftMs, toMs: span.toMs - shiftMs };
        const { label, colour, colours } = one;
        const values =
          shiftMs > 0 && one.values ? [] : await this.#seriesOf(one, shifted, stepMs, intervalMs);
        return { label, colour, colours, isBefore: shiftMs > 0, shiftMs, series: values };
      }),
    );
    return Promise.all(asked);
  }

  async #seriesOf(
    { expr, load, values }: ChartSeries,
    span: Span,
    stepMs: number,
    intervalMs: number,
  ): Promise<readonly Series[]> {
    if (values) return values;
    const { signal } = this.#aborter;
    if (load) return load(span, stepMs, signal);
    return promRange(chartQuery(expr ?? '', stepMs, intervalMs), span, stepMs, signal);
  }
}

function tailFromMs({ span, stepMs }: Columns, series: readonly ChartSeries[]): number {
  const loadedMs = series.some(({ load }) => load) ? again.loadedMs : 0;
  return span.toMs - Math.ceil(Math.max(again.steps * stepMs, loadedMs) / stepMs) * stepMs;
}

/** How far apart the values are where all of them are given; what was measured that often has no gaps in between. */
function givenStepMs(series: readonly ChartSeries[]): number | undefined {
  if (series.length === 0 || !series.every(({ values }) => values)) return undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { timesMs } of series.flatMap(({ values }) => values ?? [])) {
    for (let at = 1; at < timesMs.length; at++) least = Math.min(least, timesMs[at]! - timesMs[at - 1]!);
  }
  return Number.isFinite(least) && least > 0 ? least : undefined;
}

const ids = new WeakMap<object, number>();
let nextId = 1;

/** The same number for the same object. */
function idOf(value: object): number {
  const known = ids.get(value);
  if (known !== undefined) return known;
  ids.set(value, nextId);
  return nextId++;
}
