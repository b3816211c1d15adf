import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createEmailNotifier } from '../../../../agent/alerts/notifiers/email/email.ts';
import { emailOptions, splitHostPort } from '../../../../agent/alerts/notifiers/email/options.ts';
import { NotifyError } from '../../../../agent/alerts/notifiers/notifier.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import type { Notification } from '../../../../workers/contract/alerts.ts';
import { NotificationTemplates } from '../../../../workers/template/notification-template.ts';
import { type SmtpReceiver, type SmtpSetup, startSmtpReceiver } from '../../../support/smtp-receiver.ts';
import { readMail } from './mail.ts';
import { alertOf, notificationOf } from './notifications.ts';

const never = new AbortController().signal;
const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/tls/loopback-${name}.pem`, import.meta.url), 'utf8');
const tls = { key: fixture('key'), cert: fixture('cert') };
const notification = notificationOf([alertOf('high-queue')]);

let receiver: SmtpReceiver;
let lines: string[];
beforeEach(() => {
  lines = [];
});
afterEach(() => receiver.close());

async function send(options: object, what: Notification = notification): Promise<void> {
  const parsed = emailOptions.parse({
    smarthost: `127.0.0.1:${receiver.port}`,
    from: 'Nova <nova@example.org>',
    to: 'oncall@example.org',
    require_tls: false,
    ...options,
  });
  const templates = new NotificationTemplates([]);
  const log = createLog('debug', (line) => lines.push(line));
  const notifier = createEmailNotifier(parsed, { clock, log, templates, externalUrl: 'http://agent:7070' });
  try {
    await notifier.send(what, never);
  } finally {
    await notifier.close();
  }
}

async function failure(options: object = {}): Promise<NotifyError> {
  const error = await send(options).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof NotifyError, String(error));
  return error;
}

/** A new receiver for each test. */
async function listen(setup: SmtpSetup = {}): Promise<void> {
  receiver = await startSmtpReceiver(setup);
}

describe('a mail', () => {
  beforeEach(() => listen());

  test('has the default subject and body', async () => {
    await send({});
    const { headers, body } = readMail(receiver.mails[0]!);
    assert.match(headers.subject!, /^\[FIRING:1\] high-queue/);
    assert.match(headers['content-type']!, /^text\/html; charset=utf-8/);
    assert.match(body, /high-queue fires/);
    assert.equal(headers.from, 'Nova <nova@example.org>');
    assert.equal(headers.to, 'oncall@example.org');
    assert.equal(new Date(headers.date!).toISOString(), '2026-01-31T12:00:00.000Z');
  });

  test('goes to each address, from the address of the sender', async () => {
    await send({ to: 'a@example.org, B <b@example.org>' });
    const { from, to } = receiver.mails[0]!;
    assert.match(from, /^MAIL FROM:<nova@example\.org>/);
    assert.deepEqual(to, ['RCPT TO:<a@example.org>', 'RCPT TO:<b@example.org>']);
  });

  test('that is sent again has the same Message-ID, another one another', async () => {
    await send({});
    await send({});
    await send({}, { ...notification, id: 'other' });
    const [first, again, other] = receiver.mails.map((mail) => readMail(mail).headers['message-id']);
    assert.match(first!, /^<[0-9a-f]{40}@nova-agent>$/);
    assert.equal(again, first);
    assert.notEqual(other, first);
  });

  test('has the headers that are configured', async () => {
    const headers = {
      subject: 'Ü {{ .Status }}\nBcc: x@example.org',
      'X-Team': '{{ .Receiver }}\r\nCc: x@example.org',
      To: 'all@example.org',
    };
    await send({ headers });
    const mail = readMail(receiver.mails[0]!);
    assert.equal(mail.headers.subject, 'Ü firing Bcc: x@example.org');
    assert.equal(mail.headers['x-team'], 'oncall Cc: x@example.org');
    assert.equal(mail.headers.to, 'all@example.org');
    assert.deepEqual([mail.headers.bcc, mail.headers.cc], [undefined, undefined]);
    assert.deepEqual(receiver.mails[0]!.to, ['RCPT TO:<oncall@example.org>']);
  });

  test('has a text beside the HTML where one is given', async () => {
    await send({ text: 'plain {{ .Status }}' });
    const { text } = receiver.mails[0]!;
    assert.match(text, /multipart\/alternative/);
    assert.match(text, /plain firing/);
    assert.ok(text.indexOf('text/plain') < text.indexOf('text/html'));
  });

  test('goes out with the error of a template that fails', async () => {
    await send({ html: '<p>{{ .Nothing.AtAll }}</p>' });
    assert.match(readMail(receiver.mails[0]!).body, /&lt;error expanding template: /);
  });

  test('greets with the configured name', async () => {
    await send({ hello: 'agent.example.org' });
    assert.equal(receiver.commands[0], 'EHLO agent.example.org');
  });

  test('that some addresses refuse is delivered, and the log says for whom not', async () => {
    receiver.answers = { RCPT: (line) => (line.includes('bad@') ? '550 no such user' : undefined) };
    await send({ to: 'bad@example.org, good@example.org' });
    assert.equal(receiver.mails.length, 1);
    assert.match(lines.join(''), /refused=bad@example.org/);
  });
});

describe('a mail server', () => {
  test('is spoken to over TLS when it offers that', async () => {
    await listen({ tls });
    await send({ require_tls: true, tls_config: { ca: tls.cert } });
    assert.equal(receiver.mails[0]!.overTls, true);
  });

  test('without TLS gets no mail unless that is allowed', async () => {
    await listen();
    const error = await failure({ require_tls: true, auth_username: 'nova', auth_password: 'secret word' });
    assert.equal(error.retryable, true);
    assert.deepEqual(
      receiver.commands.filter((line) => !/^(EHLO|STARTTLS|QUIT)/.test(line)),
      [],
    );
  });

  test('of no known authority gets no mail', async () => {
    await listen({ tls });
    assert.match((await failure({ require_tls: true })).message, /self-signed certificate/);
    assert.deepEqual(receiver.mails, []);
  });

  for (const [mechanism, options, expected] of [
    ['PLAIN', { auth_password: 'secret word' }, '\0nova\0secret word'],
    ['PLAIN', { auth_password: 'secret word', auth_identity: 'team' }, 'team\0nova\0secret word'],
  ] as const) {
    test(`is told who is sending, by ${mechanism}${'auth_identity' in options ? ' with an identity' : ''}`, async () => {
      await listen({ auth: mechanism, isRight: (response) => response === expected });
      await send({ auth_username: 'nova', ...options });
      assert.equal(receiver.mails.length, 1);
    });
  }

  test('that refuses the login may be asked again, and the password does not show', async () => {
    await listen({ auth: 'PLAIN', isRight: () => false });
    const error = await failure({ auth_username: 'nova', auth_password: 'secret word' });
    assert.equal(error.retryable, true);
    assert.match(error.message, /535/);
    assert.ok(!error.message.includes('secret word'));
  });

  test('that refuses the message for now may be asked again', async () => {
    await listen();
    receiver.answers = { RCPT: '450 4.2.0 greylisted' };
    const error = await failure();
    assert.equal(error.retryable, true);
    assert.match(error.message, /greylisted/);
  });

  test('that refuses all addresses is not asked again', async () => {
    await listen();
    receiver.answers = { RCPT: '550 5.1.1 no such user' };
    assert.equal((await failure()).retryable, false);
  });

  test('that is not there may be asked again', async () => {
    await listen();
    await receiver.close();
    const error = await failure();
    assert.equal(error.retryable, true);
    assert.match(error.message, /ECONNREFUSED/);
  });

  test('is not asked for addresses that are none', async () => {
    await listen();
    assert.equal((await failure({ to: '{{ .CommonLabels.missing }}' })).retryable, false);
  });
});

test('host and port are told apart', () => {
  assert.deepEqual(splitHostPort('smtp.example.org:587'), { host: 'smtp.example.org', port: 587 });
  assert.deepEqual(splitHostPort('[::1]:25'), { host: '::1', port: 25 });
  for (const text of ['smtp.example.org', ':25', 'a:0', 'a:65536', '::1:25', 'http://a:25', 'a b:25'])
    assert.equal(splitHostPort(text), undefined, text);
});
