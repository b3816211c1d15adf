import { workerData } from 'node:worker_threads';
import type { AlertsPageTask, KeptAlerts } from '../contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../contract/alerts.ts';
import type {
  ErrorGroup,
  ErrorTrend,
  ErrorTrendsTask,
  SeriesStatsList,
  SeriesStatsTask,
} from '../contract/events.ts';
import type { Marks, MarksTask } from '../contract/marks.ts';
import type { PercentilesResult, PercentilesTask } from '../contract/percentiles.ts';
import type { ProcessesTask, ProcessStandings, QueueStandings, QueuesTask } from '../contract/standings.ts';
import type {
  ErrorGroupsTask,
  HistoryResult,
  HistoryTask,
  QuarantinedPoint,
  QuarantineTask,
  QuerySetup,
} from '../contract/tasks.ts';
import { eventLimits } from '../contract/window-cells.ts';
import { WindowReader } from '../events/window-reader.ts';
import { RingReader } from '../ring/ring-reader.ts';
import { openReader, type Reader } from '../store/reader.ts';
import { findMarks } from './marks.ts';
import { listProcesses } from './process-list.ts';
import { listQueues } from './queue-list.ts';

/** Tasks of the query worker: it only reads store and windows, and may be ended at any time. */
const hourMs = 3_600_000;
const setup = workerData as QuerySetup;
const windows = new WindowReader(setup.events);
let reader: Reader | undefined;
let ring: RingReader | undefined;

/** Means of some series in equal steps. */
export function history(task: HistoryTask): HistoryResult {
  return useReader().history(task);
}

/** Statistics by name: of the last minutes from the windows, of longer ranges from the store. */
export function seriesStats(task: SeriesStatsTask): SeriesStatsList {
  const { measurement, by, startMs, endMs, isPast = false } = task;
  const spanMs = endMs - startMs;
  if (!isPast && spanMs <= eventLimits.windowMs) return windows.windowStats(measurement, by, spanMs);
  const stored = useReader();
  const knownMs = endMs - Math.max(startMs, firstTickMs(stored));
  return { spanMs: Math.max(0, knownMs), series: stored.seriesStats(task) };
}

/** Of the oldest tick in the store; Infinity when there is none. */
function firstTickMs(stored: Reader): number {
  const hourStartMs = stored.oldestMs();
  if (Number.isNaN(hourStartMs)) return Number.POSITIVE_INFINITY;
  return stored.tickTimes(hourStartMs, hourStartMs + hourMs)[0] ?? hourStartMs;
}

export function errorGroups(task: ErrorGroupsTask): readonly ErrorGroup[] {
  return useReader().errorGroups(task);
}

export function errorGroup(fingerprint: string): ErrorGroup | undefined {
  return useReader().errorGroup(fingerprint);
}

export function errorTrends(task: ErrorTrendsTask): readonly ErrorTrend[] {
  return useReader().errorTrends(task);
}

/** Durations in steps, merged from the histograms of the store. */
export function percentiles(task: PercentilesTask): PercentilesResult {
  return useReader().percentiles(task);
}

/** Restarts, deploys and starts of the agent. */
export function marks(task: MarksTask): Marks {
  return findMarks(useReader(), task);
}

/** How processes stand now. */
export function processes(task: ProcessesTask): ProcessStandings {
  return listProcesses(useRing(), task);
}

/** How queues stand now. */
export function queues(task: QueuesTask): QueueStandings {
  return listQueues(useRing(), task);
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

export function quarantinePage({ limit, sink, before }: QuarantineTask): readonly QuarantinedPoint[] {
  return useReader().quarantine({ limit, sink, newestBefore: before ?? Number.MAX_SAFE_INTEGER });
}

function useRing(): RingReader {
  ring ??= new RingReader(setup.rings);
  return ring;
}

/** The one connection of this worker to the store. */
export function useReader(): Reader {
  reader ??= openReader(setup.storePath);
  return reader;
}
