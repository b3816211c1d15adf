import { CauseView, explainAlert, type ReachSources } from '../cause/explain.ts';
import type { AlertSettings, AlertWishes, RulesResult, RulesTask } from '../contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../contract/alerts.ts';
import type { Select } from '../promql/index.ts';
import type { MetricRing } from '../ring/metric-ring.ts';
import { MetricReader } from '../store/metric-reader.ts';
import type { Reader } from '../store/reader.ts';
import { ticksUntilStale } from '../store/stale-gaps.ts';
import { AlertState, withUnwritten } from './alert-state.ts';
import { liveSelect } from './live-select.ts';
import { pausedQueues } from './maintenance.ts';
import { recordingOf } from './recording.ts';
import { rulesReading } from './rules-reading.ts';

/** What rules look at. */
export interface RulesView {
  readonly metrics: MetricRing;
  readonly reader: () => Reader;
  readonly reach: ReachSources;
}

/** A recording is made so long after the alert began to fire, and begins so long before. */
const recordedMs = 5 * 60_000;
/** In one evaluation; the others come with the next ones. */
const mostRecorded = 10;

/** Evaluates rules, moves their alerts on and decides who is told: all of it in one task after a tick. */
export class RuleEvaluation {
  readonly #view: RulesView;
  #state: AlertState | undefined;
  #settingsText = '';
  #wishesText = '';
  #wishes: AlertWishes = { silences: [], acknowledgements: {} };
  #nextSequence = -1;
  #metricReader: MetricReader | undefined;
  /** Alerts whose recording is still to be made, by id. */
  #unrecorded = new Map<string, Alert>();

  constructor(view: RulesView) {
    this.#view = view;
  }

  /** What is kept here is of no use once this has thrown: the next call reads it from the store. */
  evaluate(task: RulesTask): RulesResult {
    const state = this.#use(task);
    this.#nextSequence = -1;
    if (task.wishes !== this.#wishesText) {
      this.#wishes = JSON.parse(task.wishes) as AlertWishes;
      this.#wishesText = task.wishes;
    }
    const { timeMs } = task;
    const select = this.#select(task, state.settings);
    const { changed, forgotten, recorded } = state.evaluate(task, select);
    const explained = this.#explain(changed, task, state);
    const isMaintained = pausedQueues(state.rules, select, timeMs);
    const given = [...state.book.active(), ...state.ended.values()];
    const { groups, forgottenGroups, notifications, active, untold, nextFlushMs } = state.dispatcher.step(
      given,
      timeMs,
      this.#wishes,
      isMaintained,
    );
    for (const id of state.ended.keys()) if (!untold.has(id)) state.ended.delete(id);
    const recordings = this.#record(explained, task, state);
    const health = state.health();
    this.#nextSequence = task.sequence + 1;
    return {
      changes: {
        timeMs,
        alerts: explained,
        forgottenAlerts: forgotten,
        groups,
        forgottenGroups,
        notifications,
        recordings,
      },
      active,
      health,
      ...rulesReading(
        recorded,
        active,
        explained.filter(({ state }) => state === 'resolved'),
      ),
      problems: health
        .filter(({ error }) => error !== '')
        .map(({ key, error }) => `${nameOf(key)}: ${error}`),
      nextDueMs: soonest([state.book.nextDueMs(timeMs), nextFlushMs, this.#nextRecordingMs()]),
    };
  }

  #use({ sequence, settings: text, timeMs, firstTickMs, unwritten }: RulesTask): AlertState {
    if (this.#state && this.#nextSequence === sequence && this.#settingsText === text) return this.#state;
    const settings = JSON.parse(text) as AlertSettings;
    const reader = this.#view.reader();
    const stored = reader.keptAlerts();
    const kept = unwritten ? withUnwritten(stored, unwritten) : stored;
    // Ticks of this run are no sign that alerts were looked at before it.
    const tickMs = reader.newestTickMs(sequence === 0 ? firstTickMs : undefined);
    this.#state = new AlertState(settings, kept, Math.max(kept.evaluatedAtMs, tickMs), timeMs);
    this.#settingsText = text;
    this.#metricReader = undefined;
    this.#unrecorded = new Map(
      kept.alerts.filter(({ firedAtMs }) => firedAtMs > 0).map((alert) => [alert.id, alert]),
    );
    return this.#state;
  }

  #select(task: RulesTask, { intervalMs }: AlertSettings): Select {
    const staleTicks = ticksUntilStale(intervalMs, task.slowFactor);
    return liveSelect(this.#view.metrics, () => this.#readerAt(task.timeMs), staleTicks);
  }

  #readerAt(timeMs: number): MetricReader {
    this.#metricReader ??= new MetricReader(this.#view.reader(), 0);
    this.#metricReader.rawFromMs = timeMs - this.#state!.settings.rawRetentionMs;
    return this.#metricReader;
  }

  /** Gives those that just began to fire their cause and whom they touch. */
  #explain(changed: readonly Alert[], { timeMs }: RulesTask, state: AlertState): Alert[] {
    const { settings, book, rules } = state;
    let view: CauseView | undefined;
    return changed.map((alert) => {
      if (alert.state !== 'firing' || alert.cause !== null) return alert;
      const rule = rules.get(alert.rule);
      if (!rule) return alert;
      view ??= new CauseView(this.#view.reach, timeMs, settings.intervalMs);
      const { cause, reach } = explainAlert(alert, rule, view);
      return book.explain(alert, cause, reach);
    });
  }

  #record(changed: readonly Alert[], { timeMs }: RulesTask, { rules }: AlertState): AlertRecording[] {
    for (const alert of changed) {
      if (alert.firedAtMs === timeMs && alert.state === 'firing') this.#unrecorded.set(alert.id, alert);
    }
    const recordings: AlertRecording[] = [];
    const { metrics } = this.#view;
    const select = liveSelect(metrics, () => this.#readerAt(timeMs), Number.POSITIVE_INFINITY);
    for (const [id, alert] of this.#unrecorded) {
      const dueMs = alert.firedAtMs + recordedMs;
      if (dueMs > timeMs) continue;
      if (recordings.length === mostRecorded) break;
      this.#unrecorded.delete(id);
      const rule = rules.get(alert.rule);
      // One that is long past was recorded, or nobody was there.
      if (!rule || dueMs < timeMs - recordedMs) continue;
      recordings.push(recordingOf(alert, rule, alert.firedAtMs - recordedMs, dueMs, select));
    }
    return recordings;
  }

  #nextRecordingMs(): number {
    let nextMs = 0;
    for (const { firedAtMs } of this.#unrecorded.values())
      if (nextMs === 0 || firedAtMs + recordedMs < nextMs) nextMs = firedAtMs + recordedMs;
    return nextMs;
  }
}

/** Of a rule's key. */
function nameOf(key: string): string {
  return key.split(';').at(-2) ?? key;
}

/** The smallest that is not 0. */
function soonest(timesMs: readonly number[]): number {
  return Math.min(...timesMs.filter((ms) => ms > 0), Number.MAX_SAFE_INTEGER);
}
