import type { KeptAlerts } from '../../workers/contract/alert-tasks.ts';
import type { Notification, WaitingNotification } from '../../workers/contract/alerts.ts';
import { messageOf } from '../errors.ts';
import type { Notifier } from './notifiers/notifier.ts';
import { type WaitingHere, WayOut, type WayOutCounts, type WayOutParts } from './way-out.ts';

export interface OutboxReceiver {
  readonly name: string;
  readonly integrations: readonly { readonly key: string; readonly notifier: Notifier }[];
}

export interface OutboxParts extends Pick<WayOutParts, 'settle' | 'clock' | 'log' | 'troubles'> {
  readonly receivers: readonly OutboxReceiver[];
  /** What waits in the store, for every way out. */
  readonly kept: () => Promise<Waiting>;
}

type Waiting = Pick<KeptAlerts, 'waiting' | 'waitingBeyond'>;

/**
 * Delivers what the store holds: notifications are in it before they come here, and leave it when they are delivered or
 * given up. Each way out of a receiver has a queue of its own, so that a dead one delays no other.
 *
 *     store ──start, add──▶ way out of each receiver ──send──▶ notifier
 *       ◀──settle──────────────┘ sent, later, given up
 *
 * `start`, once, then `add`, any number of times, then `close`, once.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  #ways: ReadonlyMap<string, WayOut>;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#ways = this.#waysOf(parts.receivers);
  }

  /** Begins with what waits in the store, oldest first. */
  start(kept: Waiting): void {
    for (const [key, way] of this.#ways) way.start(waitingFor(key, kept));
    for (const stray of kept.waiting)
      if (!this.#ways.has(keyOf(stray.notification))) void this.#giveUp(stray);
  }

  /**
   * Takes notifications. One that is known already is left out.
   *
   * @param isStored whether the store has them; else they are here alone
   */
  add(notifications: readonly Notification[], isStored: boolean): void {
    for (const [key, way] of this.#ways) {
      const own = notifications.filter((one) => keyOf(one) === key);
      if (own.length > 0) way.add(own, isStored);
    }
    for (const stray of notifications)
      if (!this.#ways.has(keyOf(stray)))
        void this.#giveUp({ notification: stray, attempts: 0, nextAttemptMs: 0 });
  }

  /** Whether it is held here and still to be delivered. */
  holds(notification: Notification): boolean {
    return this.#ways.get(keyOf(notification))?.holds(notification) ?? false;
  }

  /** Goes on with other receivers: gives what is in flight `withinMs`, and hands over what waits. */
  async use(receivers: readonly OutboxReceiver[], withinMs: number): Promise<void> {
    await this.close(withinMs);
    const left = [...this.#ways.values()].map((way) => ({ ...way.counts(), ...way.remaining() }));
    this.#ways = this.#waysOf(receivers);
    this.start({
      waiting: left.flatMap(({ waiting }) => waiting),
      waitingBeyond: left.map(({ receiver, integration, beyond: count }) => ({
        receiver,
        integration,
        count,
      })),
    });
  }

  counts(): WayOutCounts[] {
    return [...this.#ways.values()].map((way) => way.counts());
  }

  /** Gives what is in flight `withinMs` and begins nothing more; what waits stays in the store. Closes the notifiers. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([...this.#ways.values()].map((way) => way.close(withinMs)));
  }

  #waysOf(receivers: readonly OutboxReceiver[]): Map<string, WayOut> {
    const parts = this.#parts;
    const ways = new Map<string, WayOut>();
    for (const { name, integrations } of receivers) {
      for (const { key: integration, notifier } of integrations) {
        const key = wayKey(name, integration);
        const waiting = async () => waitingFor(key, await parts.kept());
        ways.set(key, new WayOut({ ...parts, receiver: name, integration, notifier, waiting }));
      }
    }
    return ways;
  }

  /** For a receiver that is configured no more. One that the store does not take is met again at the next start. */
  async #giveUp({ notification, attempts }: WaitingNotification): Promise<void> {
    const { log, settle, troubles } = this.#parts;
    const { id, receiver, integration, groupKey: group } = notification;
    const problem = 'this receiver is configured no more';
    log.warn('notification given up', { receiver, integration, id, group, problem });
    await settle({ do: 'settle', id, outcome: 'given_up', attempts, nextAttemptMs: 0, problem }).catch(
      (error: unknown) => troubles.trouble('outbox', messageOf(error)),
    );
  }
}

function waitingFor(key: string, { waiting, waitingBeyond }: Waiting): WaitingHere {
  const beyond = waitingBeyond.find(({ receiver, integration }) => wayKey(receiver, integration) === key);
  return {
    waiting: waiting.filter(({ notification }) => keyOf(notification) === key),
    beyond: beyond?.count ?? 0,
  };
}

function keyOf({ receiver, integration }: Notification): string {
  return wayKey(receiver, integration);
}

function wayKey(receiver: string, integration: string): string {
  return JSON.stringify([receiver, integration]);
}
