import type { HistoryResult, HistoryTask } from '../../workers/contract/tasks.ts';
import { type HistoricalRow, historyNames } from '../snapshot-shape.ts';

/** Reads the stored past. */
export interface HistoryPort {
  history(task: HistoryTask): Promise<HistoryResult>;
}

/** Rows of the nine snapshot names, oldest first; a step without any value has no row. */
export async function historicalRows(
  port: HistoryPort,
  startMs: number,
  endMs: number,
  stepMs: number,
): Promise<HistoricalRow[]> {
  const series = historyNames.map((field) => ({ measurement: 'snapshot', field }));
  const { timestampsMs, means } = await port.history({ series, startMs, endMs, stepMs });
  return Array.from(timestampsMs, (timeMs, row) => {
    const values = historyNames.map((name, i) => [name, known(means[i]?.[row])]);
    return { timestamp: new Date(timeMs).toISOString(), ...Object.fromEntries(values) } as HistoricalRow;
  });
}

/** Two decimals are what was collected; more would be noise of the mean. */
function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Math.round(value * 100) / 100;
}
