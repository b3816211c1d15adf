import type { Series } from '../api.ts';
import type { Span } from '../time-range.ts';

/** One line of a chart; a value for every time of the columns, null where nothing is known. */
export interface Line {
  /** Tells it from the others, whatever order they come in. */
  readonly key: string;
  readonly label: string;
  /** Place in the palette, from 1. */
  readonly colour: number;
  /** Of the day or week before. */
  readonly isBefore: boolean;
  readonly values: readonly (number | null)[];
}

/** What a chart draws: values at the same times, every `stepMs`. */
export interface Columns {
  readonly span: Span;
  readonly stepMs: number;
  readonly lines: readonly Line[];
}

/** More would be no picture. */
const mostLines = 16;
const paletteSize = 8;

export function timesOf({ fromMs, toMs }: Span, stepMs: number): number[] {
  const count = Math.max(0, Math.floor((toMs - fromMs) / stepMs) + 1);
  return Array.from({ length: count }, (_, at) => fromMs + at * stepMs);
}

export function hasValues({ lines }: Columns): boolean {
  return lines.some(({ values }) => values.some((value) => value !== null));
}

export interface LoadedSeries {
  readonly label: string;
  readonly colour?: number | undefined;
  /** Of lines by their names. */
  readonly colours?: Readonly<Record<string, number>> | undefined;
  readonly isBefore: boolean;
  /** Times are those of the period before, where it is one. */
  readonly shiftMs: number;
  readonly series: readonly Series[];
}

/** Lines over the span out of what was asked. */
export function columnsOf(loaded: readonly LoadedSeries[], span: Span, stepMs: number): Columns {
  const lines: Line[] = [];
  const places = new Map<string, number>();
  let turn = 0;
  for (const { label, colour, colours, isBefore, shiftMs, series } of loaded) {
    for (const one of series) {
      const name = labelOf(label, one.labels);
      // A period before has the colour of its own line.
      const wanted = places.get(name) ?? colours?.[name] ?? (series.length === 1 ? colour : undefined);
      const place = wanted ?? ++turn;
      if (wanted === turn + 1) turn = wanted;
      places.set(name, place);
      const values = onGrid(one, shiftMs, span, stepMs);
      // There may be no such time yet: then there is nothing to compare with.
      if (isBefore && values.every((value) => value === null)) continue;
      lines.push({
        key: `${isBefore ? 'before' : 'now'} ${name}`,
        label: isBefore ? `${name}, before` : name,
        colour: ((place - 1) % paletteSize) + 1,
        isBefore,
        values,
      });
    }
  }
  return { span, stepMs, lines: highest(lines) };
}

/** The lines with the highest values when there are too many, in their order. */
function highest(lines: readonly Line[]): readonly Line[] {
  if (lines.length <= mostLines) return lines;
  const top = (line: Line) => summaryOf(line.values).max ?? Number.NEGATIVE_INFINITY;
  const kept = new Set([...lines].sort((a, b) => top(b) - top(a)).slice(0, mostLines));
  return lines.filter((line) => kept.has(line));
}

/** Fills `{{name}}` with the label of that name. */
export function labelOf(template: string, labels: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? '');
}

function onGrid(series: Series, shiftMs: number, span: Span, stepMs: number): (number | null)[] {
  const { timesMs, values } = series;
  const count = Math.max(0, Math.floor((span.toMs - span.fromMs) / stepMs) + 1);
  const placed: (number | null)[] = new Array(count).fill(null);
  const held = Math.max(1, Math.round((series.stepMs ?? 0) / stepMs));
  for (let at = 0; at < timesMs.length; at++) {
    const place = Math.round((timesMs[at]! + shiftMs - span.fromMs) / stepMs);
    const value = values[at] ?? null;
    if (value === null) continue;
    for (let one = Math.max(0, place); one < Math.min(count, place + held); one++) placed[one] = value;
  }
  return placed;
}

/**
 * `old` moved on to `span`, with the newest from `tail` (which ends with `span`): what the tail covers is as the tail
 * says, gaps too. A line that only one of them has is a gap in the other's time.
 */
export function movedOn(old: Columns, tail: Columns, span: Span): Columns {
  const { stepMs } = tail;
  const times = timesOf(span, stepMs);
  const tailAt = Math.round((tail.span.fromMs - span.fromMs) / stepMs);
  const oldAt = Math.round((old.span.fromMs - span.fromMs) / stepMs);
  const joined = (older: Line | undefined, newer: Line | undefined) =>
    times.map((_, at) =>
      at >= tailAt ? (newer?.values[at - tailAt] ?? null) : (older?.values[at - oldAt] ?? null),
    );
  const lines = old.lines.map((line) => {
    const newer = tail.lines.find(({ key }) => key === line.key);
    return { ...line, values: joined(line, newer) };
  });
  const more = tail.lines.filter(({ key }) => !old.lines.some((line) => line.key === key));
  const all = [...lines, ...more.map((line) => ({ ...line, values: joined(undefined, line) }))];
  // What is gone from the picture altogether has no place in the legend either.
  const seen = all.filter(({ values }) => values.some((value) => value !== null));
  return { span, stepMs, lines: highest(seen.length > 0 ? seen : all) };
}

export interface Summary {
  readonly min: number | null;
  readonly avg: number | null;
  readonly max: number | null;
  readonly last: number | null;
}

/** In one walk; all null without a single value. `last` is the newest that is known. */
export function summaryOf(values: readonly (number | null)[]): Summary {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  let last: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
    last = value;
  }
  return count === 0 ? { min: null, avg: null, max: null, last } : { min, avg: sum / count, max, last };
}
