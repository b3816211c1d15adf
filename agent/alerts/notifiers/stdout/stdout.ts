import type { Notification, NotifiedAlert } from '../../../../workers/contract/alerts.ts';
import { type Notifier, NotifyError } from '../notifier.ts';
import type { StdoutOptions } from './options.ts';

/** Writes a text and resolves when it is taken; a reader that hangs leaves it open. */
export type WriteText = (text: string) => Promise<void>;

/** Writes each notification as one line of JSON, or as a few lines for a person. */
export function createStdoutNotifier(
  options: StdoutOptions,
  { write }: { readonly write: WriteText },
): Notifier {
  return {
    async send(notification, signal) {
      const text = options.format === 'json' ? `${JSON.stringify(notification)}\n` : readable(notification);
      await written(write(text), signal);
    },
    close: async () => {},
  };
}

async function written(writing: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new Error('nobody reads it'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    await Promise.race([writing, aborted]);
  } catch (error) {
    throw new NotifyError(`standard output: ${(error as Error).message}`, { retryable: true, cause: error });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function readable(notification: Notification): string {
  const firing = notification.alerts.filter(({ status }) => status === 'firing').length;
  const count = firing > 0 ? `FIRING:${firing}` : 'RESOLVED';
  const time = new Date(notification.createdMs).toISOString();
  const group = pairs(notification.groupLabels);
  const lines = [
    `${time} [${count}] ${notification.receiver}${group && ` ${group}`} (${notification.reason})`,
  ];
  for (const alert of notification.alerts) lines.push(...alertLines(alert));
  if (notification.truncatedAlerts > 0) lines.push(`  and ${notification.truncatedAlerts} more`);
  return `${lines.join('\n')}\n`;
}

function* alertLines(alert: NotifiedAlert): Generator<string> {
  const since = new Date(alert.status === 'firing' ? alert.startsAtMs : alert.endsAtMs).toISOString();
  yield `  ${alert.status} since ${since} ${pairs(alert.labels)}`;
  for (const [name, value] of Object.entries(alert.annotations)) yield `    ${name}: ${oneLine(value)}`;
}

function pairs(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(oneLine(value))}`)
    .join(' ');
}

/** Without control characters, with which a label could rewrite what a terminal shows. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
