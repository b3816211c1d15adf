/**
 * What the main loop and the workers say to each other. Plain data only: it is copied between threads.
 */
import type { BatchResult, EventSettings, EventTexts, FrameBatch, UserActivity } from './events.ts';
import type { RingBuffers } from './ring-cells.ts';
import type { EventBuffers } from './window-cells.ts';

/**
 * What one source saw at one moment.
 *
 * `layout` is the JSON text of a `PointKey[]` (workers/point/point.ts), built once and sent again as it is: who
 * receives it notices a change by comparing the text, so that neither side keeps a version and a replaced worker
 * needs no handshake. `values` holds one number a field, in layout order; NaN is "not known".
 */
export interface Reading {
  readonly source: string;
  readonly layout: string;
  readonly values: Float64Array;
}

/** How the last reading of a source went. */
export interface SourceStatus {
  readonly source: string;
  readonly up: boolean;
  /** How long the reading took, in milliseconds. */
  readonly readMs: number;
  /** Why it is down or what is missing, in words for a person; '' when all is well. */
  readonly problem: string;
}

/** How to find a process: by one of these. */
export type ProcessFinder =
  | { readonly by: 'pid'; readonly pid: number }
  | { readonly by: 'pidFile'; readonly path: string }
  /** The process that listens on this TCP port. */
  | { readonly by: 'port'; readonly port: number }
  /** The process whose command line holds this text; the oldest one when several do and one is the other's ancestor. */
  | { readonly by: 'match'; readonly text: string }
  /** The one Node process that is not ours, npm's or tsx's. */
  | { readonly by: 'onlyNode' };

export interface ProcessTarget {
  /** Value of the tag `process`. */
  readonly name: string;
  readonly find: ProcessFinder;
}

/** What the tick worker samples from the kernel. */
export interface SamplingPlan {
  /** Where the proc file system is; tests put a folder here. */
  readonly procRoot: string;
  readonly cgroupRoot: string;
  readonly processes: readonly ProcessTarget[];
  /** How often disks, open files and children are read, in milliseconds. */
  readonly slowEveryMs: number;
}

/** How long each resolution is kept, in milliseconds. */
export interface Retention {
  readonly rawMs: number;
  readonly minuteMs: number;
  readonly hourMs: number;
}

/** Where the embedded store is. */
export interface StoreSetup {
  readonly path: string;
}

/** Given to a worker when it starts, and again to the one that replaces it. */
export interface WorkerSetup {
  readonly rings: RingBuffers;
  /** Process identities, see process-cells.ts. */
  readonly processes: SharedArrayBuffer;
  /** null: nothing comes from inside a service. */
  readonly events: EventBuffers | null;
  /** null: nothing is kept (`once`). */
  readonly store: StoreSetup | null;
}

/** What a tick works by; sent as one JSON text, parsed again only when the text changes. */
export interface TickSettings {
  readonly commonTags: Readonly<Record<string, string>>;
  /** Put before the measurements in lines that the worker writes for people. */
  readonly measurementPrefix: string;
  readonly plan: SamplingPlan;
  /** null: nothing comes from inside a service. */
  readonly events: EventSettings | null;
  /** Names of the destinations that the ledger is kept for. */
  readonly sinks: readonly string[];
  readonly quotaBytes: number;
  readonly retention: Retention;
}

/** Starts a worker and opens its store, if it has one, before the first tick. */
export interface OpenTask {
  /** JSON of `TickSettings`. */
  readonly settings: string;
  /** A worker of this process opened the file before and checked it. */
  readonly isChecked: boolean;
}

export interface TickTask {
  /** Milliseconds since 1970 for every point of this tick. */
  readonly timeMs: number;
  /** JSON of `TickSettings`. */
  readonly settings: string;
  readonly readings: readonly Reading[];
  /** What came from inside the services and was not handed over before. */
  readonly frames: FrameBatch | null;
  /** Points of earlier ticks that could not be committed: counted as dropped with this one. */
  readonly lostPoints: number;
  /** How many times less often than usual the dear readings are due. */
  readonly slowFactor: number;
  /** Put the line protocol of the tick into the result. */
  readonly wantLines: boolean;
  /** No other follows: what is kept only now and then is kept now. */
  readonly isLast?: boolean;
}

/** collected = delivered + waiting + quarantined + dropped, in points. */
export interface LedgerEntry {
  readonly sink: string;
  readonly collected: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly quarantined: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface TickResult {
  /** The time that the points got: `timeMs`, or the next free millisecond when that was used before. */
  readonly timeMs: number;
  /** Points that the tick collected. */
  readonly points: number;
  readonly committed: boolean;
  /** Why the store refused, in words; '' when it did not. */
  readonly storeProblem: string;
  readonly storeBytes: number;
  /** Values that were infinite; they count as not known. */
  readonly refusedValues: number;
  /** Points of this tick that had no room: their measurement has too many tag sets. */
  readonly overflowPoints: number;
  /** Series that found no place in the ring: they are stored and delivered like the others. */
  readonly seriesBeyondRing: number;
  /** Of the sources that the worker reads itself. */
  readonly sources: readonly SourceStatus[];
  /** Points committed since the store was begun, and those lost since. */
  readonly collected: number;
  readonly ledger: readonly LedgerEntry[];
  /** Of the frames that came with the tick. */
  readonly batch: BatchResult | null;
  /** Null when nobody asked for them or there are none. */
  readonly texts: EventTexts | null;
  /** Every 10 s; null at the ticks between. */
  readonly users: UserActivity | null;
  readonly lines: string;
}

/** A place in the store's stream of points: the point `offset` of tick `seq`. */
export interface Cursor {
  readonly seq: number;
  readonly offset: number;
}

/** Points for one destination, oldest first, as line protocol text. */
export interface Batch {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly points: number;
  /** One line a point, each with its line break; times in milliseconds. */
  readonly text: string;
  /** True when more points wait behind it. */
  readonly more: boolean;
}

export interface RefusedLine {
  readonly line: string;
  readonly reason: string;
}

/** What became of the points between two cursors: delivered + quarantined = the points between them. */
export interface DeliveryOutcome {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly delivered: number;
  readonly quarantined: readonly RefusedLine[];
}

/** Takes the outcome of the batch before, if any, and gives the next one, if any: one trip a batch. */
export interface DeliverTask {
  readonly sink: string;
  readonly measurementPrefix: string;
  readonly outcome: DeliveryOutcome | null;
  /** 0: only take the outcome. */
  readonly maxPoints: number;
}

export type DeliverResult = Batch | null;

/** A point that a destination refused. */
export interface QuarantinedPoint {
  readonly id: number;
  readonly sink: string;
  readonly line: string;
  readonly reason: string;
  /** When it was refused, milliseconds since 1970. */
  readonly refusedAtMs: number;
}

/** Points that destinations refused, newest first. */
export interface QuarantineTask {
  readonly limit: number;
  readonly sink?: string | undefined;
  /** Id of the last point of the page before. */
  readonly before?: number | undefined;
}

export type SpoolTask =
  | {
      readonly do: 'list';
      readonly sink?: string | undefined;
      readonly ids?: readonly number[] | undefined;
      readonly limit: number;
    }
  /** Settles replayed points: `delivered` leave the quarantine as delivered, `refused` stay with a new line and reason. */
  | {
      readonly do: 'settle';
      readonly delivered: readonly number[];
      readonly refused: readonly { readonly id: number; readonly line: string; readonly reason: string }[];
    }
  /** Gives points up: they leave the quarantine as dropped, reason `spool_drop`. */
  | { readonly do: 'drop'; readonly ids: readonly number[] };

export interface SpoolResult {
  readonly points: readonly QuarantinedPoint[];
  /** Points changed by `settle` or `drop`. */
  readonly changed: number;
}

/** Given to the query worker when it starts. */
export interface QuerySetup {
  readonly storePath: string;
  readonly rings: RingBuffers;
  readonly events: EventBuffers;
}

/** What became of a change of what is kept of alerts. */
export interface AlertsResult {
  /** False when the notification to settle or the silence to remove was not there. */
  readonly found: boolean;
  /** Notifications that had to go unsent since the store was begun, because too many waited or the disk was short. */
  readonly droppedNotificationsTotal: number;
}

/** Groups of errors, the one seen last first. */
export interface ErrorGroupsTask {
  readonly limit: number;
  readonly process?: string | undefined;
  /** Seen at all from `startMs` to `endMs`: not later first, not earlier last. */
  readonly within?: { readonly startMs: number; readonly endMs: number } | undefined;
  /** The last group of the page before. Without a process, behind all of its fingerprint that were last seen then. */
  readonly before?:
    | { readonly lastSeenMs: number; readonly fingerprint: string; readonly process?: string | undefined }
    | undefined;
}

/** Mean of each asked series in each step, oldest first. */
export interface HistoryTask {
  readonly series: readonly { readonly measurement: string; readonly field: string }[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface HistoryResult {
  /** Start of the oldest hour that the store has; NaN when it is empty. */
  readonly oldestMs: number;
  /** Start of each step that has any value. */
  readonly timestampsMs: Float64Array;
  /** One array a series; NaN where the step has no value. */
  readonly means: readonly Float64Array[];
}
