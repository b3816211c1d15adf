import { workerData } from 'node:worker_threads';
import type { AlertsTask } from '../contract/alert-tasks.ts';
import type { BatchResult, FrameBatch, StoredErrorGroup, TickExtras } from '../contract/events.ts';
import type {
  AlertsResult,
  DeliverResult,
  DeliverTask,
  LedgerEntry,
  OpenTask,
  SpoolResult,
  SpoolTask,
  TickResult,
  TickSettings,
  TickTask,
  WorkerSetup,
} from '../contract/tasks.ts';
import type { WriteResult, WriteTask } from '../contract/written.ts';
import { EventBook, type FoldedEvents } from '../events/event-book.ts';
import { readSummary } from '../events/event-summary.ts';
import { LineWriter } from '../point/line-protocol.ts';
import { Sampler } from '../probes/sampler.ts';
import { RingWriter } from '../ring/ring-writer.ts';
import { openStore, type Store } from '../store/store.ts';
import { agentReading } from './agent-reading.ts';
import { SectionBook } from './section-book.ts';
import { snapshotReading } from './snapshot-reading.ts';
import { WrittenPoints } from './written-points.ts';

/**
 * Tasks of the tick worker: the only writer of rings and store. What is kept here can be rebuilt at any time: open
 * files, prepared statements, parsed layouts. Settings and layouts come as text and are parsed when it changes.
 */
const setup = workerData as WorkerSetup;
const ring = new RingWriter(setup.rings);
const book = new SectionBook(ring);
const written = new WrittenPoints();
/** Groups of errors that the store refused: they go with the next tick, but for the longest unseen of too many. */
const unstoredGroups = new Map<string, StoredErrorGroup>();
const mostUnstoredGroups = 2000;
let settingsText = '';
let settings: TickSettings | undefined;
let sampler: Sampler | undefined;
let store: Store | undefined;
let events: EventBook | undefined;

/** Before the first tick, so that neither the start of the worker nor the check of the store's file is part of it. */
export function open({ settings: text, isChecked }: OpenTask): { notices: string[] } {
  const now = useSettings(text);
  if (!setup.store) return { notices: [] };
  const { notices } = useStore(now, isChecked);
  return { notices: notices.splice(0) };
}

/** One tick: sample, fold, commit, in this order; the ring has the row even when the store refuses it. */
export async function tick(task: TickTask): Promise<TickResult> {
  const now = useSettings(task.settings);
  sampler ??= new Sampler(now.plan, setup.processes);
  const sampled = await sampler.sample(task.slowFactor);
  const batch = task.frames && takeFrames(task.frames);
  const inside = useEvents()?.fold(task.timeMs, task.slowFactor, task.isLast);
  const summary = setup.events && readSummary(setup.events);
  // What must never lack room in the ring comes first: routes may be thousands, and queues.
  const own = [snapshotReading(sampled.readings, summary), agentReading(sampled.sources, ledgerOf(now))];
  const readings = [...own, ...sampled.readings, ...task.readings, ...(inside?.readings ?? [])];
  const folded = book.fold(readings, now.commonTags);

  let timeMs = task.timeMs;
  let points = folded.points + folded.overflowPoints;
  let storeProblem = '';
  if (setup.store) {
    try {
      const notStored = { lostPoints: task.lostPoints, overflowPoints: folded.overflowPoints };
      const appended = useStore(now).append(task.timeMs, folded.sections, notStored, extrasOf(inside));
      unstoredGroups.clear();
      timeMs = appended.timeMs;
      points = appended.points + folded.overflowPoints;
    } catch (error) {
      storeProblem = error instanceof Error ? error.message : String(error);
    }
  }
  ring.write(timeMs, folded.rows);
  return {
    timeMs,
    points,
    committed: storeProblem === '',
    storeProblem,
    storeBytes: store?.bytesUsed() ?? Number.NaN,
    refusedValues: folded.refusedValues,
    overflowPoints: folded.overflowPoints,
    seriesBeyondRing: folded.seriesBeyondRing,
    sources: sampled.sources,
    collected: collectedNow(),
    ledger: ledgerOf(now),
    batch,
    texts: inside?.texts ?? null,
    users: inside?.users ?? null,
    lines: task.wantLines ? linesOf(folded.sections, timeMs, now.measurementPrefix) : '',
  };
}

/** Counts what services told; nothing is stored before the next tick. */
export function takeFrames(frames: FrameBatch): BatchResult {
  const opened = useEvents();
  if (!opened) throw new Error('this worker takes no frames');
  return opened.take(frames);
}

/** Commits a part of what others write. */
export function write(task: WriteTask): WriteResult {
  const opened = useStore();
  return written.write(task, settings!, opened);
}

/** Settles the batch before and gives the next one. */
export function deliver(task: DeliverTask): DeliverResult {
  const opened = useStore();
  if (task.outcome) opened.settle(task.sink, task.outcome);
  return task.maxPoints > 0 ? opened.readBatch(task.sink, task.maxPoints, task.measurementPrefix) : null;
}

/** One bounded slice of the store's background work. */
export function compact(nowMs: number): { more: boolean; notices: string[] } {
  const opened = useStore();
  const { more } = opened.compact(nowMs);
  return { more, notices: opened.notices.splice(0) };
}

/** Lists, settles or drops points of the quarantine. */
export function spool(task: SpoolTask): SpoolResult {
  return useStore().spool(task);
}

/** Changes what is kept of alerts, in one transaction. */
export function alerts(task: AlertsTask): AlertsResult {
  return useStore().alerts(task);
}

/** Closes files and store: the last task of a worker that is ended on purpose. */
export function close(): void {
  sampler?.close();
  store?.close();
  store = undefined;
}

function useSettings(text: string): TickSettings {
  if (settings && text === settingsText) return settings;
  settings = JSON.parse(text) as TickSettings;
  settingsText = text;
  sampler?.close();
  sampler = undefined;
  events = undefined;
  book.clear();
  store?.configure(settings);
  return settings;
}

function useStore(now: TickSettings | undefined = settings, isChecked = false): Store {
  if (!setup.store) throw new Error('this worker has no store');
  if (!now) throw new Error('the first task of a worker is `open` or `tick`');
  store ??= openStore(setup.store.path, now, Date.now, isChecked);
  return store;
}

/** What was stored of errors and users is read when they come up, so that a replaced worker goes on from there. */
function useEvents(): EventBook | undefined {
  if (!setup.events || !settings?.events) return undefined;
  events ??= new EventBook(setup.events, settings.events, {
    errorGroup: (process, fingerprint) =>
      unstoredGroups.get(groupKey(process, fingerprint)) ??
      fromStore(() => useStore().errorGroup(process, fingerprint)),
    kept: (name) => fromStore(() => useStore().kept(name)),
  });
  return events;
}

/** Undefined too while the store cannot be read: counting goes on. */
function fromStore<T>(read: () => T): T | undefined {
  if (!setup.store) return undefined;
  try {
    return read();
  } catch {
    return undefined;
  }
}

function extrasOf(inside: FoldedEvents | undefined): TickExtras | undefined {
  if (!inside) return undefined;
  for (const group of inside.errorGroups) {
    const key = groupKey(group.process, group.fingerprint);
    unstoredGroups.delete(key);
    unstoredGroups.set(key, group);
  }
  for (const key of unstoredGroups.keys()) {
    if (unstoredGroups.size <= mostUnstoredGroups) break;
    unstoredGroups.delete(key);
  }
  return { histograms: inside.histograms, errorGroups: [...unstoredGroups.values()], kept: inside.kept };
}

function groupKey(process: string, fingerprint: string): string {
  return `${process}\0${fingerprint}`;
}

function ledgerOf(now: TickSettings): readonly LedgerEntry[] {
  if (!setup.store) return [];
  try {
    return useStore(now).ledger();
  } catch {
    // The append that follows meets the same trouble and says so.
    return [];
  }
}

/** NaN while the store cannot be read. */
function collectedNow(): number {
  try {
    return store?.collected() ?? Number.NaN;
  } catch {
    return Number.NaN;
  }
}

function linesOf(sections: Parameters<Store['append']>[1], timeMs: number, prefix: string): string {
  return sections.map(({ layout, values }) => new LineWriter(layout, prefix).lines(values, timeMs)).join('');
}
