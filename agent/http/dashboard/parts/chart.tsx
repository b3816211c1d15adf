import { useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useAddress, zoomBack, zoomTo } from '../address.ts';
import type { Unit } from '../format.ts';
import { onThemeChange } from '../theme.ts';
import { rangeParams, type TimeRange } from '../time-range.ts';
import { type Columns, hasValues, timesOf } from './chart-columns.ts';
import { type ChartSeries, useChartData } from './chart-data.ts';
import { ChartLegend, type ShowPlace } from './chart-legend.tsx';
import { ChartPlot } from './chart-plot.ts';
import { placeAfterKey, placeText, spokenText, summaryText } from './chart-words.ts';
import { type Mark, Marks } from './marks.ts';
import { speak } from './speaker.tsx';
import { useWidth } from './width.ts';

export interface ChartProps {
  readonly title: string;
  readonly unit: Unit;
  readonly series: readonly ChartSeries[];
  /** That of the address unless told. */
  readonly range?: TimeRange;
  /** More of them than the deploys and restarts that every chart shows. */
  readonly marks?: readonly Mark[];
  /** False: no earlier time beside it, whatever the address says. */
  readonly compare?: boolean;
  /** Pixels of the plot; 150 unless told. */
  readonly height?: number;
  /** The axis goes at least up to this. */
  readonly leastTop?: number;
  /** Said where there is nothing to show: what to do about it. */
  readonly empty?: string;
}

/** Lines over time. Cursor, range, marks and the period before are those of the whole page. */
export function Chart({ title, unit, series, height = 150, leastTop = 0, empty, ...props }: ChartProps) {
  const address = useAddress();
  const range = props.range ?? address.range;
  const compare = props.compare === false ? 'none' : address.compare;
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const { columns, error, isLoading } = useChartData(series, range, compare, width);
  const pageMarks = useContext(Marks);
  const marks = useMemo(() => [...pageMarks, ...(props.marks ?? [])], [pageMarks, props.marks]);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const legend = useRef<ShowPlace>(null);
  const at = useRef<HTMLSpanElement>(null);
  const plot = useRef<ChartPlot>(null);
  const cursor = useRef<number | null>(null);
  const shownTimes = useRef('');
  const newest = useRef({ columns, marks });
  newest.current = { columns, marks };
  const [titleId, summaryId] = [useId(), useId()];

  /** Straight into the page: a cursor moves more often than a page should be rendered. */
  const showCursor = (place: number | null) => {
    cursor.current = place;
    const { columns, marks } = newest.current;
    legend.current?.(place);
    if (at.current && columns) at.current.textContent = placeText(columns, place, marks);
  };

  const clearCursor = () => {
    plot.current?.moveCursor(null);
    showCursor(null);
  };

  useLayoutEffect(() => {
    if (!room.current || !columns || width === 0) return;
    plot.current ??= new ChartPlot(room.current, columns, {
      unit,
      leastTop,
      onZoom: zoomTo,
      onBack: zoomBack,
      onCursor: showCursor,
    });
    plot.current.draw(columns, marks, hidden, { width, height });
    const times = timesText(columns, range);
    if (times !== shownTimes.current) clearCursor();
    shownTimes.current = times;
    showCursor(cursor.current);
  }, [columns, marks, hidden, width, height]);
  useEffect(clearCursor, [JSON.stringify(rangeParams(range))]);
  useEffect(() => {
    const unfollow = onThemeChange(() => plot.current?.redraw());
    return () => {
      unfollow();
      plot.current?.end();
    };
  }, []);

  const isFilled = columns !== undefined && hasValues(columns);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!columns) return;
    const place = placeAfterKey(event, cursor.current, timesOf(columns.span, columns.stepMs).length);
    if (place === undefined) return;
    event.preventDefault();
    plot.current?.moveCursor(place);
    showCursor(place);
    speak(spokenText(columns, place, unit));
  };
  return (
    <figure class="chart" aria-labelledby={titleId} aria-busy={isLoading}>
      <div class="chart-head">
        <h3 id={titleId}>{title}</h3>
        <span class="chart-at" ref={at} aria-hidden="true" />
      </div>
      <p id={summaryId} class="for-readers">
        {columns ? summaryText(columns, unit) : 'Loading.'}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: no element is a plot */}
      <div
        class="chart-plot"
        role="group"
        aria-roledescription="chart"
        aria-labelledby={titleId}
        aria-describedby={summaryId}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cursor
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={clearCursor}
        style={{ height: `${height}px` }}
      >
        <div ref={room} />
        {!isFilled && <p class="chart-said">{wordsInstead(error?.message, isLoading, empty)}</p>}
      </div>
      {isFilled && error && <p class="chart-late">Not the newest: {error.message}</p>}
      {isFilled && !isLoading && compare !== 'none' && !columns.lines.some(({ isBefore }) => isBefore) && (
        <p class="note">Nothing is known of the {compare === '1d' ? 'day' : 'week'} before.</p>
      )}
      {isFilled && (
        <ChartLegend show={legend} columns={columns} unit={unit} hidden={hidden} onHide={setHidden} />
      )}
    </figure>
  );
}

/** What a place of the columns stands for: while the range ends now, the same age at every tick. */
function timesText({ span, stepMs }: Columns, range: TimeRange): string {
  return `${stepMs} ${range.kind === 'last' ? range.ms : `${span.fromMs} ${span.toMs}`}`;
}

function wordsInstead(
  problem: string | undefined,
  isLoading: boolean,
  empty = 'Nothing was measured in this time.',
) {
  if (problem !== undefined) return `This could not be loaded: ${problem}`;
  return isLoading ? 'Loading…' : empty;
}
