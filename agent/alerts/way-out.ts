import type { AlertsTask } from '../../workers/contract/alert-tasks.ts';
import type { Notification, WaitingNotification } from '../../workers/contract/alerts.ts';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log, TroubleLog } from '../log.ts';
import { type LineItem, NotificationLine } from './notification-line.ts';
import { type Notifier, NotifyError } from './notifiers/notifier.ts';

export type SettleTask = Extract<AlertsTask, { readonly do: 'settle' }>;

/** Notifications that wait for one way out. */
export interface WaitingHere {
  /** Oldest first, as many as are held in memory. */
  readonly waiting: readonly WaitingNotification[];
  /** How many more wait in the store. */
  readonly beyond: number;
}

export interface WayOutParts {
  readonly receiver: string;
  /** `webhook/0`. */
  readonly integration: string;
  readonly notifier: Notifier;
  /** Writes how it went to the store; rejects when the store does not take it. */
  readonly settle: (task: SettleTask) => Promise<unknown>;
  /** What waits for it in the store. */
  readonly waiting: () => Promise<WaitingHere>;
  readonly clock: Clock;
  readonly log: Log;
  readonly troubles: TroubleLog;
}

/** Numbers since the start. */
export interface WayOutCounts {
  readonly receiver: string;
  readonly integration: string;
  readonly sent: number;
  /** Attempts that failed. */
  readonly failed: number;
  readonly waiting: number;
  readonly givenUp: number;
  /** Never sent, because a newer one of the group says the same and more. */
  readonly superseded: number;
  /** What went wrong last, in words; '' when the last attempt went well. */
  readonly problem: string;
}

/** Notifications are tried for this long from their creation. */
const mostAgeMs = 24 * 60 * 60_000;
const mostBackoffMs = 5 * 60_000;
const mostRetryAfterMs = 60 * 60_000;
/** Notifiers have bounds of their own; this one stands behind them. */
const attemptTimeoutMs = 90_000;
const mostSettleWaitMs = 30_000;
/** Pause before the store is asked again for what waits in it. */
const refillPauseMs = 5000;

/**
 * One way out of a receiver: one notification in flight at a time. When an attempt fails the whole way waits, 1 s at first
 * and 5 minutes at last, and then another group of alerts has its turn. What is more than a bound stays in the store until
 * there is room. `start`, once, then `close`, once.
 */
export class WayOut {
  readonly #parts: WayOutParts;
  readonly #line = new NotificationLine();
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #forgetting: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  /** How many wait in the store alone. They are newer than those held. */
  #inStore = 0;
  #refillAtMs = 0;
  /** Ids of those let go of that the store has not heard of yet. */
  readonly #leaving = new Set<string>();
  #inFlight: { readonly item: LineItem; readonly abort: AbortController } | undefined;
  /** Failures in a row. */
  #failures = 0;
  #notBeforeMs = 0;
  #sent = 0;
  #failed = 0;
  #givenUp = 0;
  #superseded = 0;
  #problem = '';

  constructor(parts: WayOutParts) {
    this.#parts = parts;
  }

  start({ waiting, beyond }: WaitingHere): void {
    const { clock } = this.#parts;
    this.#inStore = beyond;
    this.#takeWaiting(waiting);
    if (waiting.length > 0) {
      const nextMs = Math.min(...waiting.map(({ nextAttemptMs }) => nextAttemptMs)) - clock.now();
      this.#notBeforeMs = clock.monotonicMs() + Math.min(Math.max(0, nextMs), mostRetryAfterMs);
    }
    this.#running = this.#run();
  }

  /** @param isStored whether the store has them; else they are here alone */
  add(notifications: readonly Notification[], isStored: boolean): void {
    for (const notification of notifications) {
      if (this.#inStore === 0 && !this.#line.isFull) this.#take(notification, 0);
      else if (isStored) this.#inStore++;
      else this.#refuse(notification);
    }
    this.#tidy();
    this.#wake();
  }

  holds({ id }: Notification): boolean {
    return this.#line.has(id);
  }

  /** What it holds that is not delivered: for who takes over, after `close`. */
  remaining(): WaitingHere {
    const waiting = this.#line
      .all()
      .map(({ notification, attempts }) => ({ notification, attempts, nextAttemptMs: 0 }));
    return { waiting, beyond: this.#inStore };
  }

  counts(): WayOutCounts {
    return {
      receiver: this.#parts.receiver,
      integration: this.#parts.integration,
      sent: this.#sent,
      failed: this.#failed,
      waiting: this.#line.size + this.#inStore,
      givenUp: this.#givenUp,
      superseded: this.#superseded,
      problem: this.#problem,
    };
  }

  /**
   * Begins nothing more and gives what is in flight `withinMs`. What is broken off then stays in the store as waiting: it
   * is sent again, with the same id, after the next start.
   */
  async close(withinMs: number): Promise<void> {
    this.#closing.abort();
    this.#wake();
    const over = new AbortController();
    void this.#parts.clock.sleep(withinMs, over.signal).then(() => {
      if (!over.signal.aborted) this.#inFlight?.abort.abort();
    });
    await this.#running;
    await this.#forgetting;
    over.abort();
    await this.#parts.notifier.close();
  }

  #take(notification: Notification, attempts: number): void {
    const { clock } = this.#parts;
    const ageMs = Math.max(0, clock.now() - notification.createdMs);
    this.#line.add({ notification, attempts, bornMs: clock.monotonicMs() - ageMs });
  }

  #takeWaiting(waiting: readonly WaitingNotification[]): void {
    for (const { notification, attempts } of waiting) {
      const { id } = notification;
      if (this.#line.has(id) || this.#leaving.has(id)) continue;
      if (this.#line.isFull) this.#inStore++;
      else this.#take(notification, attempts);
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#tidy();
      if (this.#inStore > 0 && this.#line.isHalfEmpty && clock.monotonicMs() >= this.#refillAtMs)
        await this.#refill();
      const waitMs = this.#notBeforeMs - clock.monotonicMs();
      const item = this.#line.first();
      if (!item) await this.#pause(this.#inStore > 0 ? refillPauseMs : undefined);
      else if (waitMs > 0) await this.#pause(waitMs);
      else if (!signal.aborted) await this.#attempt(item);
    }
  }

  /** Takes what has room now from the store. */
  async #refill(): Promise<void> {
    const { clock, troubles, waiting } = this.#parts;
    const [before, held] = [this.#inStore, this.#line.size];
    this.#refillAtMs = clock.monotonicMs() + refillPauseMs;
    try {
      const found = await waiting();
      // Those that came meanwhile stay where they are.
      this.#inStore += found.beyond - before;
      this.#takeWaiting(found.waiting);
      if (this.#line.size > held) this.#refillAtMs = 0;
      troubles.over(this.#storeSubject());
    } catch (error) {
      troubles.trouble(this.#storeSubject(), messageOf(error));
    }
  }

  /** Until something is added or it closes, `ms` at most. */
  #pause(ms?: number): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (ms !== undefined) return this.#parts.clock.sleep(ms, woken.signal);
    return new Promise((resolve) => woken.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Lets go of what is too old, too much, or told better by a newer one. */
  #tidy(): void {
    const because = this.#problem && `: ${this.#problem}`;
    const kept = this.#inFlight?.item;
    for (const item of this.#line.bornBefore(this.#parts.clock.monotonicMs() - mostAgeMs, kept))
      this.#giveUp(item, `not delivered within 24 h${because}`);
    for (
      let item = this.#line.first();
      item && item !== kept && item.attempts > 0;
      item = this.#line.first()
    ) {
      if (!this.#line.isSuperseded(item)) break;
      this.#drop(item);
    }
  }

  async #attempt(item: LineItem): Promise<void> {
    item.attempts++;
    try {
      await this.#send(item);
    } catch (error) {
      // Nobody knows whether what was broken off has arrived.
      if (this.#closing.signal.aborted) return;
      return await this.#fail(item, error);
    }
    const { troubles } = this.#parts;
    this.#sent++;
    this.#failures = 0;
    this.#problem = '';
    troubles.over(this.#subject());
    this.#line.remove(item);
    // Nothing else is sent this way before the store has taken that: an agent that is killed repeats at most one.
    await this.#settle(this.#task(item, 'sent', '', 0));
  }

  async #send(item: LineItem): Promise<void> {
    const { clock, notifier } = this.#parts;
    const abort = new AbortController();
    const over = new AbortController();
    void clock.sleep(attemptTimeoutMs, over.signal).then(() => {
      if (!over.signal.aborted) abort.abort();
    });
    this.#inFlight = { item, abort };
    try {
      await notifier.send(item.notification, abort.signal);
    } finally {
      this.#inFlight = undefined;
      over.abort();
    }
  }

  async #fail(item: LineItem, error: unknown): Promise<void> {
    const { clock, settle, troubles } = this.#parts;
    this.#failed++;
    this.#problem = messageOf(error);
    if (error instanceof AgentError && !error.retryable) {
      this.#failures = 0;
      return this.#giveUp(item, this.#problem);
    }
    this.#failures++;
    const askedMs = error instanceof NotifyError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(this.#backoffMs(), Math.min(askedMs, mostRetryAfterMs));
    this.#notBeforeMs = clock.monotonicMs() + waitMs;
    this.#line.postpone(item);
    troubles.trouble(this.#subject(), this.#problem);
    const task = this.#task(item, 'later', this.#problem, Math.round(clock.now() + waitMs));
    // The next attempt records more: this one is not tried again.
    await settle(task).catch((refused: unknown) =>
      troubles.trouble(this.#storeSubject(), messageOf(refused)),
    );
  }

  /** From half to all of 2, 4, 8 s and so on. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
  #backoffMs(): number {
    const capMs = Math.min(mostBackoffMs, 1000 * 2 ** Math.min(this.#failures, 20));
    return capMs / 2 + (this.#parts.clock.random() * capMs) / 2;
  }

  #giveUp(item: LineItem, problem: string): void {
    const { log, receiver, integration } = this.#parts;
    this.#givenUp++;
    const { id, groupKey: group } = item.notification;
    log.warn('notification given up', { receiver, integration, id, group, problem });
    this.#forget(item, problem);
  }

  /** It has a place neither here nor in the store. */
  #refuse({ id, groupKey: group }: Notification): void {
    const { log, receiver, integration } = this.#parts;
    this.#givenUp++;
    const problem = 'too many wait, and the store takes none';
    log.warn('notification given up', { receiver, integration, id, group, problem });
  }

  #drop(item: LineItem): void {
    this.#superseded++;
    this.#forget(item, 'a newer notification of the group says the same');
  }

  /** Nobody waits for the store: what it has not heard of yet when the agent is killed is met again. */
  #forget(item: LineItem, problem: string): void {
    this.#line.remove(item);
    const task = this.#task(item, 'given_up', problem, 0);
    this.#leaving.add(task.id);
    this.#forgetting = this.#forgetting.then(async () => {
      if (!this.#closing.signal.aborted) await this.#settle(task);
      this.#leaving.delete(task.id);
    });
  }

  /** Resolves when the store has taken it, or when it closes. */
  async #settle(task: SettleTask): Promise<void> {
    const { clock, settle, troubles } = this.#parts;
    const { signal } = this.#closing;
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, mostSettleWaitMs)) {
      try {
        await settle(task);
        return troubles.over(this.#storeSubject());
      } catch (error) {
        troubles.trouble(this.#storeSubject(), messageOf(error));
      }
      if (signal.aborted) return;
      await clock.sleep(waitMs, signal);
    }
  }

  #task(item: LineItem, outcome: SettleTask['outcome'], problem: string, nextAttemptMs: number): SettleTask {
    const { attempts, notification } = item;
    return { do: 'settle', id: notification.id, outcome, attempts, nextAttemptMs, problem };
  }

  #subject(): string {
    return `receiver ${this.#parts.receiver} ${this.#parts.integration}`;
  }

  #storeSubject(): string {
    return `${this.#subject()}: store`;
  }
}
