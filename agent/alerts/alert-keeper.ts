import type {
  ActiveAlert,
  AlertChanges,
  AlertSettings,
  AlertsTask,
  AlertWishes,
  KeptAlerts,
  RuleHealth,
  RulesResult,
  RulesTask,
} from '../../workers/contract/alert-tasks.ts';
import {
  type Acknowledgement,
  endedSilenceKeptMs,
  type Notification,
  type Silence,
} from '../../workers/contract/alerts.ts';
import type { Reading } from '../../workers/contract/tasks.ts';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log, TroubleLog } from '../log.ts';
import { UnwrittenChanges } from './unwritten-changes.ts';

/** Where rules are evaluated and where their state is kept. */
export interface AlertPorts {
  /** In the query worker. */
  evaluate(task: RulesTask): Promise<RulesResult>;
  /** In the tick worker, the only one that writes; one transaction. */
  write(task: AlertsTask): Promise<unknown>;
  kept(): Promise<KeptAlerts>;
}

/** Delivers notifications. */
export interface NotificationQueue {
  /** With what waits in the store. */
  start(kept: Pick<KeptAlerts, 'waiting' | 'waitingBeyond'>): void;
  /** @param isStored whether the store has them; else they are here alone */
  add(notifications: readonly Notification[], isStored: boolean): void;
  /** Whether it is still to be delivered. */
  holds(notification: Notification): boolean;
}

export interface AlertKeeperParts {
  readonly ports: AlertPorts;
  readonly queue: NotificationQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly troubles: TroubleLog;
}

/** Time and what else a tick says. */
export interface TickFacts {
  readonly timeMs: number;
  readonly downSources: readonly string[];
  readonly slowFactor: number;
}

const mostSilences = 1000;
/** Lines of the log that one evaluation may write. */
const mostLogged = 20;
/** Evaluations that failed or were left out one after the other before the rules count as not evaluated. */
const failuresUntilDown = 3;

/**
 * Rules look on: after a tick they are evaluated in the query worker; what changed and the notifications that it causes
 * are committed in one transaction, and only then told.
 *
 *     tick ──▶ evaluate (query worker) ──changes──▶ write (tick worker) ──▶ queue ──▶ receivers
 *
 * One evaluation at a time: while one runs, ticks go on without.
 */
export class AlertKeeper {
  readonly #parts: AlertKeeperParts;
  #settings: string;
  readonly #mostSilentMs: number;
  #wishes: AlertWishes = { silences: [], acknowledgements: {} };
  #wishesText = '';
  #isStarted = false;
  #firstTickMs: number | undefined;
  #unwritten: UnwrittenChanges | undefined;
  #sequence = 0;
  #nextDueMs = 0;
  #seen = '';
  #running: Promise<void> | undefined;
  #failures = 0;
  #active: readonly ActiveAlert[] = [];
  #health: readonly RuleHealth[] = [];
  #reading: Reading = { source: 'rules', layout: '[]', values: new Float64Array() };
  #evaluatedAtMs = 0;
  /** Monotonic time at which rules were last evaluated, or found not to be due. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: AlertSettings, parts: AlertKeeperParts) {
    this.#settings = JSON.stringify(settings);
    this.#mostSilentMs = 60_000 + 4 * settings.intervalMs;
    this.#parts = parts;
  }

  /** Goes on with other rules and routes; alerts of rules that are still there stay. */
  use(settings: AlertSettings): void {
    this.#settings = JSON.stringify(settings);
    this.#nextDueMs = 0;
  }

  /** To be called after each tick; returns at once. */
  afterTick(facts: TickFacts): void {
    this.#firstTickMs ??= facts.timeMs;
    if (this.#running) return;
    this.#running = this.#evaluate(facts)
      .catch((error: unknown) => {
        this.#failures++;
        this.#nextDueMs = 0;
        this.#parts.troubles.trouble('rule evaluation', messageOf(error));
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when no evaluation runs. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Pending and firing alerts at the last evaluation. */
  active(): readonly ActiveAlert[] {
    return this.#active;
  }

  health(): readonly RuleHealth[] {
    return this.#health;
  }

  /** Time of the last evaluation that is committed, milliseconds since 1970; 0 before the first. */
  evaluatedAtMs(): number {
    return this.#evaluatedAtMs;
  }

  /** True while ticks come and rules are evaluated after them. */
  isAlive(): boolean {
    const silentMs = this.#parts.clock.monotonicMs() - this.#lookedAtMs;
    return silentMs < this.#mostSilentMs && this.#failures < failuresUntilDown;
  }

  /** What the last evaluation recorded, once; not known until the next. Throws while rules cannot be evaluated. */
  takeReading(): Reading {
    if (this.#failures >= failuresUntilDown)
      throw new AgentError('WORKER_FAILED', 'rules cannot be evaluated now; alerts stay as they were');
    const reading = this.#reading;
    this.#reading = { ...reading, values: new Float64Array(reading.values.length).fill(Number.NaN) };
    return reading;
  }

  /** Those in force and to come, and those that ended lately. */
  silences(): readonly Silence[] {
    return this.#wishes.silences;
  }

  acknowledgementOf(alertId: string): Acknowledgement | undefined {
    return Object.hasOwn(this.#wishes.acknowledgements, alertId)
      ? this.#wishes.acknowledgements[alertId]
      : undefined;
  }

  /** Begins a silence, or changes the one with its id. */
  async silence(silence: Silence): Promise<void> {
    await this.#start();
    const others = () => this.#wishes.silences.filter(({ id }) => id !== silence.id);
    if (others().length >= mostSilences)
      throw new AgentError('USAGE', `there are ${mostSilences} silences already; remove some`);
    await this.#parts.ports.write({ do: 'silence', silence });
    // Somebody else may have begun one meanwhile.
    this.#wish({ silences: [...others(), silence] });
  }

  /** Ends a silence now; false when there is none that could end. */
  async endSilence(id: string): Promise<boolean> {
    await this.#start();
    const nowMs = this.#parts.clock.now();
    const silence = this.#wishes.silences.find((one) => one.id === id && one.endsAtMs > nowMs);
    if (!silence) return false;
    const ended = { ...silence, startsAtMs: Math.min(silence.startsAtMs, nowMs), endsAtMs: nowMs };
    await this.#parts.ports.write({ do: 'silence', silence: ended });
    this.#wish({ silences: this.#wishes.silences.map((one) => (one.id === id ? ended : one)) });
    return true;
  }

  /** False when no such alert is pending or firing. */
  async acknowledge(alertId: string, acknowledgement: Acknowledgement): Promise<boolean> {
    await this.#start();
    if (!this.#active.some(({ alert }) => alert.id === alertId)) return false;
    await this.#parts.ports.write({ do: 'acknowledge', alertId, acknowledgement });
    this.#wish({ acknowledgements: { ...this.#wishes.acknowledgements, [alertId]: acknowledgement } });
    return true;
  }

  async #evaluate({ timeMs, downSources, slowFactor }: TickFacts): Promise<void> {
    await this.#start();
    const { ports, queue, clock, troubles } = this.#parts;
    this.#forgetEndedSilences(timeMs);
    // A silence that begins or ends by itself is looked at in time, too.
    const inForce = this.#wishes.silences.filter((one) => isInForce(one, timeMs)).map(({ id }) => id);
    const seen = JSON.stringify([downSources, inForce]);
    const clockWentBack = timeMs < this.#evaluatedAtMs;
    if (timeMs < this.#nextDueMs && seen === this.#seen && !clockWentBack) {
      this.#lookedAtMs = clock.monotonicMs();
      return;
    }
    const [settings, wishes] = [this.#settings, this.#wishesText];
    const task = {
      timeMs,
      firstTickMs: this.#firstTickMs ?? timeMs,
      settings,
      wishes,
      downSources,
      slowFactor,
    };
    const unwritten = this.#unwritten
      ? { ...this.#unwritten.all(), notifications: [], recordings: [] }
      : null;
    const result = await ports.evaluate({ ...task, sequence: this.#sequence, unwritten });
    const { changes } = result;
    this.#sequence++;
    if (this.#unwritten || isChange(result)) await this.#commit(changes);
    this.#seen = seen;
    this.#failures = 0;
    // What people said meanwhile is looked at with the next tick.
    const isOfNow = wishes === this.#wishesText && settings === this.#settings;
    this.#nextDueMs = isOfNow ? result.nextDueMs : 0;
    this.#lookedAtMs = clock.monotonicMs();
    this.#active = result.active;
    this.#health = result.health;
    this.#evaluatedAtMs = timeMs;
    this.#forgetAcknowledgements(result.active);
    this.#reading = { source: 'rules', layout: result.layout, values: result.values };
    queue.add(changes.notifications, !this.#unwritten);
    logTurns(changes, this.#parts.log);
    if (result.problems.length > 0) troubles.trouble('rule evaluation', result.problems.join('; '));
    else troubles.over('rule evaluation');
  }

  /** A store that takes nothing, such as on a full disk, must not keep anybody from being told: it gets all of it later. */
  async #commit(changes: AlertChanges): Promise<void> {
    const { ports, queue, troubles } = this.#parts;
    this.#unwritten?.add(changes, (one) => queue.holds(one));
    try {
      await ports.write({ do: 'commit', changes: this.#unwritten?.all() ?? changes });
      this.#unwritten = undefined;
      troubles.over('alert state');
    } catch (error) {
      if (!this.#unwritten) {
        this.#unwritten = new UnwrittenChanges();
        this.#unwritten.add(changes, () => false);
      }
      troubles.trouble('alert state', `not stored, a restart may tell it again: ${messageOf(error)}`);
    }
  }

  /** What the store kept, before anything else. */
  async #start(): Promise<void> {
    if (this.#isStarted) return;
    const { silences, acknowledgements, waiting, waitingBeyond } = await this.#parts.ports.kept();
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#wish({ silences, acknowledgements });
    this.#parts.queue.start({ waiting, waitingBeyond });
  }

  #wish(wishes: Partial<AlertWishes>): void {
    this.#wishes = { ...this.#wishes, ...wishes };
    this.#wishesText = JSON.stringify(this.#wishes);
    this.#nextDueMs = 0;
  }

  #forgetEndedSilences(nowMs: number): void {
    const kept = this.#wishes.silences.filter(({ endsAtMs }) => endsAtMs > nowMs - endedSilenceKeptMs);
    if (kept.length < this.#wishes.silences.length) this.#wish({ silences: kept });
  }

  /** Those of alerts that ended. */
  #forgetAcknowledgements(active: readonly ActiveAlert[]): void {
    const entries = Object.entries(this.#wishes.acknowledgements);
    if (entries.length === 0) return;
    const ids = new Set(active.map(({ alert }) => alert.id));
    const kept = entries.filter(([id]) => ids.has(id));
    if (kept.length < entries.length) this.#wish({ acknowledgements: Object.fromEntries(kept) });
  }
}

/** Says which alerts began to fire and which ended. */
function logTurns({ alerts, timeMs }: AlertChanges, log: Log): void {
  let logged = 0;
  for (const { id, state, labels, annotations, firedAtMs, resolvedAtMs } of alerts) {
    const hasTurned =
      state === 'firing' ? firedAtMs === timeMs : state === 'resolved' && resolvedAtMs === timeMs;
    if (!hasTurned || ++logged > mostLogged) continue;
    const { alertname, severity } = labels;
    log.warn(`alert ${state}`, { alertname, severity, id, summary: annotations.summary });
  }
  if (logged > mostLogged) log.warn(`${logged - mostLogged} more alerts began to fire or ended`);
}

function isInForce({ startsAtMs, endsAtMs }: Silence, timeMs: number): boolean {
  return startsAtMs <= timeMs && timeMs < endsAtMs;
}

function isChange({ changes }: RulesResult): boolean {
  const { alerts, forgottenAlerts, groups, forgottenGroups, notifications, recordings } = changes;
  return [alerts, forgottenAlerts, groups, forgottenGroups, notifications, recordings].some(
    ({ length }) => length > 0,
  );
}
