import { workerData } from 'node:worker_threads';
import type { HistoryResult, HistoryTask } from '../contract/tasks.ts';
import { openReader, type Reader } from '../store/reader.ts';

/** Tasks of the query worker: it only reads the store, and may be ended at any time. */
let reader: Reader | undefined;

/** Means of some series in equal steps. */
export function history(task: HistoryTask): HistoryResult {
  reader ??= openReader(workerData as string);
  return reader.history(task);
}
