import type { AlertsTask } from '../../workers/contract/alert-tasks.ts';
import type { Notification, WaitingNotification } from '../../workers/contract/alerts.ts';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log, TroubleLog } from '../log.ts';
import { type LineItem, NotificationLine } from './notification-line.ts';
import { type Notifier, NotifyError } from './notifiers/notifier.ts';

export type SettleTask = Extract<AlertsTask, { readonly do: 'settle' }>;

export interface WayOutParts {
  readonly receiver: string;
  /** `webhook/0`. */
  readonly integration: string;
  readonly notifier: Notifier;
  /** Writes how it went to the store; rejects when the store does not take it. */
  readonly settle: (task: SettleTask) => Promise<unknown>;
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
const mostWaiting = 1000;
/** Notifiers have bounds of their own; this one stands behind them. */
const attemptTimeoutMs = 90_000;
const mostSettleWaitMs = 30_000;

/**
 * One way out of a receiver: one notification in flight at a time. When an attempt fails the whole way waits, 1 s at first
 * and 5 minutes at last, and then another group of alerts has its turn. `start`, once, then `close`, once.
 */
export class WayOut {
  readonly #parts: WayOutParts;
  readonly #line = new NotificationLine();
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #forgetting: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
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

  start(waiting: readonly WaitingNotification[]): void {
    const { clock } = this.#parts;
    for (const { notification, attempts } of waiting) this.#take(notification, attempts);
    if (waiting.length > 0) {
      const nextMs = Math.min(...waiting.map(({ nextAttemptMs }) => nextAttemptMs)) - clock.now();
      this.#notBeforeMs = clock.monotonicMs() + Math.min(Math.max(0, nextMs), mostRetryAfterMs);
    }
    this.#running = this.#run();
  }

  add(notifications: readonly Notification[]): void {
    for (const notification of notifications) this.#take(notification, 0);
    this.#tidy();
    this.#wake();
  }

  counts(): WayOutCounts {
    return {
      receiver: this.#parts.receiver,
      integration: this.#parts.integration,
      sent: this.#sent,
      failed: this.#failed,
      waiting: this.#line.size,
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

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#tidy();
      const waitMs = this.#notBeforeMs - clock.monotonicMs();
      const item = this.#line.first();
      if (!item) await this.#pause();
      else if (waitMs > 0) await this.#pause(waitMs);
      else if (!signal.aborted) await this.#attempt(item);
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
    const excess = this.#line.excess(mostWaiting, kept);
    const problem = `more than ${mostWaiting} notifications wait`;
    if (excess.length > 0)
      this.#parts.troubles.trouble(`${this.#subject()}: queue`, `${problem}; the oldest go`);
    else this.#parts.troubles.over(`${this.#subject()}: queue`);
    for (const item of excess) {
      if (this.#line.isSuperseded(item)) this.#drop(item);
      else this.#giveUp(item, `${problem}${because}`);
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
    await this.#settle(item, 'sent', '');
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

  #drop(item: LineItem): void {
    this.#superseded++;
    this.#forget(item, 'a newer notification of the group says the same');
  }

  /** Nobody waits for the store: what it has not heard of yet when the agent is killed is met again. */
  #forget(item: LineItem, problem: string): void {
    this.#line.remove(item);
    this.#forgetting = this.#forgetting.then(() => {
      if (!this.#closing.signal.aborted) return this.#settle(item, 'given_up', problem);
    });
  }

  /** Resolves when the store has taken it, or when it closes. */
  async #settle(item: LineItem, outcome: SettleTask['outcome'], problem: string): Promise<void> {
    const { clock, settle, troubles } = this.#parts;
    const { signal } = this.#closing;
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, mostSettleWaitMs)) {
      try {
        await settle(this.#task(item, outcome, problem, 0));
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
