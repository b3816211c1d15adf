import type { HistoryResult, HistoryTask } from '../../workers/contract/tasks.ts';
import { parseInfluxSeries } from '../../workers/point/influx-series.ts';
import { messageOf } from '../errors.ts';
import { type HistoricalPast, type HistoricalRow, historyNames } from '../snapshot-shape.ts';
import type { OlderReader } from './older.ts';

/** Reads the stored past. */
export interface HistoryPort {
  history(task: HistoryTask, signal: AbortSignal): Promise<HistoryResult>;
}

/** Milliseconds since 1970; steps begin at multiples of `stepMs`, and so does `fromMs`. */
interface HistoricalRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Where to look for what is older than the store, and the agent's own tags there. */
export interface HistoryArchive {
  readonly reader: OlderReader;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Rows of the nine snapshot names, oldest first; a step without any value has no row. Before the store begins they are
 * from the archive, if there is one.
 */
export async function historicalRows(
  port: HistoryPort,
  archive: HistoryArchive | null,
  { fromMs: startMs, toMs: endMs, stepMs }: HistoricalRange,
  signal: AbortSignal,
): Promise<HistoricalPast> {
  const series = historyNames.map((field) => ({ measurement: 'snapshot', field }));
  const stored = await port.history({ series, startMs, endMs, stepMs }, signal);
  const rows = rowsOf(stored.timestampsMs, stored.means);
  const firstMs = stored.timestampsMs[0] ?? endMs;
  const mayBeOlder = !(startMs >= stored.oldestMs) && firstMs > startMs;
  if (!archive || !mayBeOlder) return { rows, notice: '' };
  try {
    const older = await olderRows(archive, { fromMs: startMs, toMs: firstMs, stepMs }, signal);
    return { rows: [...older, ...rows], notice: '' };
  } catch (error) {
    return { rows, notice: messageOf(error) };
  }
}

async function olderRows(
  { reader, tags }: HistoryArchive,
  { fromMs: startMs, toMs: endMs, stepMs }: HistoricalRange,
  signal: AbortSignal,
): Promise<HistoricalRow[]> {
  const text = await reader.read(
    {
      measurement: 'snapshot',
      fields: historyNames.map((field) => ({ field, take: 'mean' })),
      matchers: Object.entries(tags).map(([name, value]) => ({ name, op: '=', value })),
      byTags: false,
      ...{ startMs, endMs, stepMs },
      offsetMs: startMs % stepMs,
    },
    signal,
  );
  return parseInfluxSeries(text).flatMap(({ timesMs, columns }) => rowsOf(timesMs, columns));
}

function rowsOf(timesMs: Float64Array, columns: readonly Float64Array[]): HistoricalRow[] {
  return Array.from(timesMs, (timeMs, row) => {
    const values = historyNames.map((name, i) => [name, known(columns[i]?.[row])]);
    return { timestamp: new Date(timeMs).toISOString(), ...Object.fromEntries(values) } as HistoricalRow;
  });
}

/** Two decimals are what was collected; more would be noise of the mean. */
function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Math.round(value * 100) / 100;
}
