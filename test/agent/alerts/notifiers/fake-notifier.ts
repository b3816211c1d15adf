import { type Notifier, NotifyError } from '../../../../agent/alerts/notifiers/notifier.ts';
import type { Notification } from '../../../../workers/contract/alerts.ts';

/** A notifier that does what a test says: takes, fails, or keeps the outbox waiting. */
export class FakeNotifier implements Notifier {
  /** Ids in the order of arrival, failed attempts included. */
  readonly tried: string[] = [];
  readonly taken: string[] = [];
  mostAtOnce = 0;
  isClosed = false;
  /** An error to throw, for this notification; undefined takes it. */
  fails: (notification: Notification) => Error | undefined = () => undefined;
  /** While it is there nothing is answered. */
  hold: Promise<void> | undefined;
  #atOnce = 0;

  async send(notification: Notification, signal: AbortSignal): Promise<void> {
    this.tried.push(notification.id);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    try {
      if (this.hold) await Promise.race([this.hold, brokenOff(signal)]);
      const error = this.fails(notification);
      if (error) throw error;
      this.taken.push(notification.id);
    } finally {
      this.#atOnce--;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function brokenOff(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new NotifyError('broken off', { retryable: true })));
  });
}

export const later = (retryAfterMs?: number) =>
  new NotifyError('out of order', { retryable: true, retryAfterMs });
export const never = () => new NotifyError('not wanted', { retryable: false });
