import type { Notification } from '../../../workers/contract/alerts.ts';
import { AgentError } from '../../errors.ts';

/**
 * A way out. Whether and when to try again is decided around it, by the outbox.
 * The order of calls is `send`, any number of times and also several at once, then `close`, which ends those that run.
 */
export interface Notifier {
  /**
   * Resolves when the receiver has taken the notification. The same one may be sent again, with the same id.
   * Ends soon after `signal` is aborted.
   * @throws NotifyError
   */
  send(notification: Notification, signal: AbortSignal): Promise<void>;
  /** Ends everything that is open. */
  close(): Promise<void>;
}

/** What a receiver says is repeated up to this many characters. */
const mostWords = 200;

/** A notification that was not taken. The message is for a person and tells no secrets. */
export class NotifyError extends AgentError {
  /** The receiver asked for this much time; undefined when it did not. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: {
      readonly retryable: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super('NOTIFY_FAILED', message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A receiver's own words, fit for a message: without `secrets`, in one line, at most 200 characters. */
export function ownWords(text: string, secrets: readonly string[]): string {
  let words = text;
  for (const secret of secrets) {
    for (const written of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      words = words.replaceAll(written, '***');
  }
  words = words.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const characters = [...words];
  return characters.length <= mostWords ? words : `${characters.slice(0, mostWords - 1).join('')}…`;
}
