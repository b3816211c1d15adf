import { workerData } from 'node:worker_threads';
import type { AlertsPageTask, KeptAlerts } from '../contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../contract/alerts.ts';
import type { ErrorGroup, SeriesStatsList, SeriesStatsTask } from '../contract/events.ts';
import type { ErrorGroupsTask, HistoryResult, HistoryTask, QuerySetup } from '../contract/tasks.ts';
import { eventLimits } from '../contract/window-cells.ts';
import { WindowReader } from '../events/window-reader.ts';
import { openReader, type Reader } from '../store/reader.ts';

/** Tasks of the query worker: it only reads store and windows, and may be ended at any time. */
const setup = workerData as QuerySetup;
const windows = new WindowReader(setup.events);
let reader: Reader | undefined;

/** Means of some series in equal steps. */
export function history(task: HistoryTask): HistoryResult {
  return useReader().history(task);
}

/** Statistics by name: of the last minutes from the windows, of longer ranges from the store. */
export function seriesStats(task: SeriesStatsTask): SeriesStatsList {
  const { measurement, by, startMs, endMs } = task;
  const spanMs = endMs - startMs;
  if (spanMs <= eventLimits.windowMs) return windows.windowStats(measurement, by, spanMs);
  return { spanMs, series: useReader().seriesStats(task) };
}

export function errorGroups(task: ErrorGroupsTask): readonly ErrorGroup[] {
  return useReader().errorGroups(task);
}

export function errorGroup(fingerprint: string): ErrorGroup | undefined {
  return useReader().errorGroup(fingerprint);
}

export function keptAlerts(): KeptAlerts {
  return useReader().keptAlerts();
}

export function alertsPage(task: AlertsPageTask): readonly Alert[] {
  return useReader().alertsPage(task);
}

export function alert(id: string): Alert | undefined {
  return useReader().alert(id);
}

export function alertRecording(alertId: string): AlertRecording | undefined {
  return useReader().alertRecording(alertId);
}

/** The one connection of this worker to the store. */
export function useReader(): Reader {
  reader ??= openReader(setup.storePath);
  return reader;
}
