/** Tag names to values. Values are any text; an empty value means "no such tag". */
export type Tags = Readonly<Record<string, string>>;

/** Identity of a point: everything that its line of line protocol carries beside values and time. */
export interface PointKey {
  readonly measurement: string;
  readonly tags: Tags;
  readonly fields: readonly string[];
}

/** A parsed layout: points and where the values of each begin. */
export interface Layout {
  readonly points: readonly PointKey[];
  /** Index in `values` of the first field of each point; one more entry than points. */
  readonly offsets: Uint32Array;
  /** Number of values. */
  readonly width: number;
}

/** A layout with its values at one moment: what rings and store take in. */
export interface Section {
  readonly layout: Layout;
  readonly values: Float64Array;
}

/** A point with a time of its own. */
export interface TimedPoint {
  /** Of one point. The same object for the same names: they are looked up once. */
  readonly layout: Layout;
  /** At least one is known. */
  readonly values: Float64Array;
  /** Whole milliseconds since 1970. */
  readonly timeMs: number;
}

export function layoutText(points: readonly PointKey[]): string {
  return JSON.stringify(points);
}

export function buildLayout(points: readonly PointKey[]): Layout {
  const offsets = new Uint32Array(points.length + 1);
  points.forEach((point, i) => {
    offsets[i + 1] = offsets[i]! + point.fields.length;
  });
  return { points, offsets, width: offsets[points.length]! };
}

/**
 * Parses a layout text and adds the tags that every point carries. A point's own tag wins over a common one.
 * Empty values are left out: line protocol cannot carry them.
 */
export function parseLayout(text: string, commonTags: Tags): Layout {
  const points = JSON.parse(text) as PointKey[];
  return buildLayout(
    points.map((point) => ({
      measurement: point.measurement,
      tags: withoutEmpty({ ...commonTags, ...point.tags }),
      fields: point.fields,
    })),
  );
}

/** Number of points that have at least one known value: the unit in which the ledger counts. */
export function countPoints({ layout, values }: Section): number {
  let count = 0;
  for (let i = 0; i < layout.points.length; i++) if (hasValue(layout, values, i)) count++;
  return count;
}

/** True when point `i` has at least one finite value. */
export function hasValue(layout: Layout, values: Float64Array, i: number): boolean {
  const end = layout.offsets[i + 1]!;
  for (let v = layout.offsets[i]!; v < end; v++) if (Number.isFinite(values[v])) return true;
  return false;
}

/** One text for one series, whatever the order in which its tags were written. */
export function seriesKey(measurement: string, tags: Tags, field: string): string {
  return JSON.stringify([measurement, sortedTags(tags), field]);
}

/** Tags as `[name, value]` pairs in the order of names. */
export function sortedTags(tags: Tags): [string, string][] {
  return Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function withoutEmpty(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
}
