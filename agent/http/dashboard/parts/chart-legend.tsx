import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { formatValue, type Unit } from '../format.ts';
import { type Columns, summaryOf } from './chart-columns.ts';

/** Shows the values at a place of the columns; the newest ones at none. */
export type ShowPlace = (place: number | null) => void;

export interface ChartLegendProps {
  readonly columns: Columns;
  readonly unit: Unit;
  readonly hidden: ReadonlySet<string>;
  readonly onHide: (hidden: ReadonlySet<string>) => void;
  /** Filled in here: the cursor writes values without rendering. */
  readonly show: RefObject<ShowPlace | null>;
}

/** The lines of a chart with their values; a click hides one. */
export function ChartLegend({ columns, unit, hidden, onHide, show }: ChartLegendProps) {
  const cells = useRef<(HTMLSpanElement | null)[]>([]);
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    onHide(next);
  };
  show.current = (place) => {
    columns.lines.forEach(({ values }, at) => {
      const cell = cells.current[at];
      const value = place === null ? lastOf(values) : values[place];
      const text = formatValue(value, unit);
      if (cell && cell.textContent !== text) cell.textContent = text;
    });
  };
  useEffect(
    () => () => {
      show.current = null;
    },
    [],
  );
  return (
    <ul class="legend">
      {columns.lines.map(({ key, label, colour, isBefore, values }, at) => (
        <li key={key}>
          <button
            type="button"
            aria-pressed={!hidden.has(key)}
            onClick={() => toggle(key)}
            title={titleOf(values, unit)}
          >
            <span class={`legend-line colour-${colour} ${isBefore ? 'is-before' : ''}`} />
            <bdi class="name">{label}</bdi>
            <span
              class="legend-value"
              ref={(cell) => {
                cells.current[at] = cell;
              }}
            />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** What a line is at now: its newest value, if that is not old. */
function lastOf(values: readonly (number | null)[]): number | null {
  return values.at(-1) ?? values.at(-2) ?? values.at(-3) ?? null;
}

function titleOf(values: readonly (number | null)[], unit: Unit): string {
  const { min, avg, max } = summaryOf(values);
  return `min ${formatValue(min, unit)} · avg ${formatValue(avg, unit)} · max ${formatValue(max, unit)}`;
}
