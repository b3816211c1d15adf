import type { Notification, WaitingNotification } from '../../workers/contract/alerts.ts';
import { messageOf } from '../errors.ts';
import type { Notifier } from './notifiers/notifier.ts';
import { WayOut, type WayOutCounts, type WayOutParts } from './way-out.ts';

export interface OutboxReceiver {
  readonly name: string;
  readonly integrations: readonly { readonly key: string; readonly notifier: Notifier }[];
}

export interface OutboxParts extends Pick<WayOutParts, 'settle' | 'clock' | 'log' | 'troubles'> {
  readonly receivers: readonly OutboxReceiver[];
}

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
  readonly #ways = new Map<string, WayOut>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    for (const { name, integrations } of parts.receivers) {
      for (const { key, notifier } of integrations)
        this.#ways.set(
          wayKey(name, key),
          new WayOut({ ...parts, receiver: name, integration: key, notifier }),
        );
    }
  }

  /** Begins with what waits in the store, oldest first. */
  start(waiting: readonly WaitingNotification[]): void {
    for (const [key, way] of this.#ways)
      way.start(waiting.filter(({ notification }) => keyOf(notification) === key));
    for (const stray of waiting) if (!this.#ways.has(keyOf(stray.notification))) void this.#giveUp(stray);
  }

  /** Takes notifications that are in the store. One that is known already is left out. */
  add(notifications: readonly Notification[]): void {
    for (const [key, way] of this.#ways) way.add(notifications.filter((one) => keyOf(one) === key));
    for (const stray of notifications)
      if (!this.#ways.has(keyOf(stray)))
        void this.#giveUp({ notification: stray, attempts: 0, nextAttemptMs: 0 });
  }

  counts(): WayOutCounts[] {
    return [...this.#ways.values()].map((way) => way.counts());
  }

  /** Gives what is in flight `withinMs` and begins nothing more; what waits stays in the store. Closes the notifiers. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([...this.#ways.values()].map((way) => way.close(withinMs)));
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

function keyOf({ receiver, integration }: Notification): string {
  return wayKey(receiver, integration);
}

function wayKey(receiver: string, integration: string): string {
  return JSON.stringify([receiver, integration]);
}
