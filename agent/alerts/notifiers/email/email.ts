import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Notification } from '../../../../workers/contract/alerts.ts';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { tlsOptions } from '../http-client.ts';
import { type Notifier, NotifyError } from '../notifier.ts';
import { Rendering, type Wording } from '../rendering.ts';
import { forbiddenTarget, guardedLookup, isAllowedHost } from '../target-guard.ts';
import { type EmailOptions, splitHostPort } from './options.ts';
import { smtpAuth, smtpProblem } from './smtp.ts';

export interface EmailSetup extends Wording {
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that says nothing for this long is given up. */
const silenceMs = 10_000;
/** A message must be taken within this time; checks for spam may take a while. */
const messageTimeoutMs = 30_000;
/** Port on which TLS is spoken from the start (RFC 8314). */
const tlsPort = 465;
const defaultSubject = '{{ template "email.default.subject" . }}';

/** Sends mails over SMTP, a connection each. Nodemailer is loaded when the first one is sent. */
export function createEmailNotifier(options: EmailOptions, setup: EmailSetup): Notifier {
  const { clock, log, templates, externalUrl } = setup;
  const open = new Set<Socket>();
  return {
    async send(notification, signal) {
      const { createTransport } = await import('nodemailer');
      let own: Socket | undefined;
      const transport = createTransport({
        ...transportOptions(options),
        // Nodemailer looks names up by itself: here only allowed addresses are connected to.
        getSocket: (_, callback) => {
          own = guardedSocket(options, callback);
          open.add(own.once('close', () => open.delete(own!)));
        },
      });
      const broken = new AbortController();
      const over = new AbortController();
      const abort = () => broken.abort();
      void clock.sleep(messageTimeoutMs, over.signal).then(() => over.signal.aborted || abort());
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      try {
        const message = mail(options, new Rendering(templates, notification, externalUrl), notification);
        const { rejected } = await transport.sendMail({ ...message, signal: broken.signal });
        if (rejected.length > 0)
          log.warn('a mail was not taken for all whom it was for', { refused: rejected.join(', ') });
      } catch (error) {
        own?.destroy();
        throw smtpProblem(error, options);
      } finally {
        signal.removeEventListener('abort', abort);
        over.abort();
      }
    },
    async close() {
      for (const socket of open) socket.destroy();
    },
  };
}

function transportOptions(options: EmailOptions) {
  const { host, port } = splitHostPort(options.smarthost!)!;
  return {
    host,
    port,
    secure: port === tlsPort,
    requireTLS: options.require_tls,
    // As Alertmanager: without require_tls nothing is encrypted that need not be.
    ignoreTLS: !options.require_tls,
    name: options.hello,
    tls: tlsOptions(options.tls_config),
    ...smtpAuth(options),
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    socketCloseTimeout: 1000,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** A socket that `callback` is given when it is connected. */
function guardedSocket(
  options: EmailOptions,
  callback: (error: Error | null, socket: { connection: Socket } | false) => void,
): Socket {
  const { host, port } = splitHostPort(options.smarthost!)!;
  const socket = new Socket();
  const failed = (error: Error) => callback(error, false);
  socket.once('error', failed);
  if (!isAllowedHost(host)) return socket.destroy(new NotifyError(forbiddenTarget, { retryable: false }));
  socket.setTimeout(silenceMs, () => socket.destroy(new Error('no answer')));
  return socket.connect({ host, port, lookup: guardedLookup }, () => {
    socket.removeListener('error', failed).removeAllListeners('timeout').setTimeout(0);
    callback(null, { connection: socket });
  });
}

function mail(options: EmailOptions, rendering: Rendering, notification: Notification) {
  const headers = new Map(
    Object.entries(options.headers).map(([name, text]) => [name.toLowerCase(), { name, text }]),
  );
  const take = (name: string, otherwise: string): string => {
    const text = headers.get(name)?.text ?? otherwise;
    headers.delete(name);
    return rendering.text(text).replace(/\s+/g, ' ').trim();
  };
  const message = {
    subject: take('subject', defaultSubject),
    to: take('to', options.to),
    from: take('from', options.from!),
    envelope: { from: rendering.text(options.from), to: rendering.text(options.to) },
    messageId: messageId(notification, options),
    // Of the notification, so that a repeated mail is the same.
    date: new Date(notification.createdMs),
  };
  return {
    ...message,
    headers: [...headers.values()].map(({ name, text }) => ({ key: name, value: rendering.text(text) })),
    ...(options.text && { text: rendering.text(options.text) }),
    ...(options.html && { html: rendering.html(options.html) }),
  };
}

/** The same for a mail that is sent again, so that mail programs show it once; another for another machine. */
function messageId(notification: Notification, options: EmailOptions): string {
  const parts = JSON.stringify([notification.id, hostname(), options.from, options.to]);
  return `<${createHash('sha256').update(parts).digest('hex').slice(0, 40)}@nova-agent>`;
}
