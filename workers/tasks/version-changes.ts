import type { Reader, StoredSeries } from '../store/reader.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const lookBackMs = 24 * hourMs;
/** An instance of a version that was away for less has only connected again. */
const awayMs = 5 * minuteMs;

/** A version of a service appeared that was not there before, and another was. */
export interface VersionChange {
  /** When it was first seen, milliseconds since 1970. */
  readonly timeMs: number;
  readonly from: string;
  readonly to: string;
}

/** Versions that were connected at one time, or in one step. */
interface Presence {
  readonly timeMs: number;
  readonly versions: ReadonlySet<string>;
}

/**
 * Changes of one service from `startMs` up to and without `endMs`, oldest first; `series` have its versions as the tag
 * `version`. Hours in which something changed are found in the rollups, and only they are read.
 */
export function versionChanges(
  reader: Reader,
  series: readonly StoredSeries[],
  startMs: number,
  endMs: number,
): VersionChange[] {
  const fromMs = Math.floor((startMs - lookBackMs) / hourMs) * hourMs;
  const hours = inSteps(reader, series, fromMs, Math.ceil(endMs / hourMs) * hourMs, hourMs);
  const seen = hours.flatMap((hour, i) => {
    const before = hours[i - 1]?.versions ?? none;
    const isSame = hour.versions.size === 1 && [...hour.versions].every((version) => before.has(version));
    return isSame ? [{ ...hour, timeMs: hour.timeMs + hourMs - 1 }] : inHour(reader, series, hour);
  });
  return changesAmong(seen).filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs);
}

const none: ReadonlySet<string> = new Set();

function changesAmong(seen: readonly Presence[]): VersionChange[] {
  const changes: VersionChange[] = [];
  const lastMs = new Map<string, number>();
  let before = none;
  for (const { timeMs, versions } of seen) {
    for (const to of versions) {
      const isNew = !before.has(to) && timeMs - (lastMs.get(to) ?? Number.NEGATIVE_INFINITY) > awayMs;
      if (isNew && before.size > 0) changes.push({ timeMs, from: [...before].join(', '), to });
      lastMs.set(to, timeMs);
    }
    before = versions;
  }
  return changes;
}

/** The finest that is kept of an hour: samples, else minutes, else the hour itself. */
function inHour(reader: Reader, series: readonly StoredSeries[], hour: Presence): Presence[] {
  const ids = series.map(({ id }) => id);
  const rows = new Map<number, Set<string>>();
  reader.read(ids, hour.timeMs, hour.timeMs + hourMs).forEach(({ timesMs }, i) => {
    for (const timeMs of timesMs) addTo(rows, timeMs, versionOf(series[i]!));
  });
  if (rows.size > 0) return inOrder(rows);
  const minutes = inSteps(reader, series, hour.timeMs, hour.timeMs + hourMs, minuteMs);
  return minutes.length > 1 ? minutes : [hour];
}

function inSteps(
  reader: Reader,
  series: readonly StoredSeries[],
  startMs: number,
  endMs: number,
  stepMs: number,
): Presence[] {
  const ids = series.map(({ id }) => id);
  const rows = new Map<number, Set<string>>();
  reader.buckets(ids, { startMs, endMs, stepMs }).forEach(({ counts }, i) => {
    counts.forEach((count, step) => {
      if (count > 0) addTo(rows, startMs + step * stepMs, versionOf(series[i]!));
    });
  });
  return inOrder(rows);
}

function addTo(rows: Map<number, Set<string>>, timeMs: number, version: string): void {
  const versions = rows.get(timeMs);
  if (versions) versions.add(version);
  else rows.set(timeMs, new Set([version]));
}

function inOrder(rows: ReadonlyMap<number, ReadonlySet<string>>): Presence[] {
  return [...rows].sort(([a], [b]) => a - b).map(([timeMs, versions]) => ({ timeMs, versions }));
}

function versionOf({ tags }: StoredSeries): string {
  return tags.version ?? '';
}
