import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Notifier, NotifyError } from '../../../../agent/alerts/notifiers/notifier.ts';
import { untilTrue } from '../../../support/servers.ts';
import { alertOf, notificationOf } from './notifications.ts';

/** How the receiver of a test answers. */
export type Behaviour = 'take' | 'hang' | 'fail' | 'refuse' | 'redirect' | 'repeat secrets';

/** A notifier with a receiver that is real but for its answers. */
export interface Rig {
  readonly notifier: Notifier;
  behave(behaviour: Behaviour): void;
  /** What the receiver has understood of the label `odd` of the last notification. */
  received(): string;
  /** Notifications that arrived, taken or not. */
  count(): number;
  openSockets(): number;
  /** Texts that must not show in messages. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

export interface ContractOptions {
  /** Standard output can neither fail, refuse nor redirect. */
  readonly answers: boolean;
  readonly redirects: boolean;
}

const oddTexts: readonly [name: string, text: string][] = [
  ['quotes', `"double" 'single' \`back\` \\ and \\n`],
  ['braces', '{{ .Status }} {a} {{`{{`}} }}'],
  ['line breaks', 'one\ntwo\n\nthree\n.\nfour'],
  ['script tags', '<script>alert("x")</script><img src=x onerror=alert(1)>&amp;'],
  ['all kinds of letters', 'Grüße 日本語 😀 \u2028 \u200f'],
  ['10 KB', `${'long text '.repeat(1024)}end`],
];

/** What every notifier promises. */
export function notifierContract(name: string, open: () => Promise<Rig>, options: ContractOptions): void {
  describe(`notifier ${name}`, () => {
    let rig: Rig;
    const never = new AbortController().signal;
    const notification = notificationOf([
      alertOf('high-queue', { labels: { alertname: 'high-queue', odd: 'x' } }),
    ]);
    const failure = async (): Promise<NotifyError> => {
      const error = await rig.notifier.send(notification, never).then(
        () => assert.fail('it was taken'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof NotifyError, String(error));
      assert.equal(error.code, 'NOTIFY_FAILED');
      return error;
    };

    beforeEach(async () => {
      rig = await open();
      isOpen = true;
    });
    let isOpen: boolean;
    const closeNotifier = async () => {
      if (isOpen) await rig.notifier.close();
      isOpen = false;
    };
    afterEach(async () => {
      await closeNotifier();
      await rig.close();
    });

    test('delivers a notification', async () => {
      await rig.notifier.send(notification, never);
      assert.equal(rig.count(), 1);
    });

    test('delivers several at once', async () => {
      await Promise.all(Array.from({ length: 4 }, () => rig.notifier.send(notification, never)));
      assert.equal(rig.count(), 4);
    });

    for (const [what, text] of oddTexts) {
      test(`delivers ${what} as they are`, async () => {
        const alert = alertOf('high-queue', { labels: { alertname: 'high-queue', odd: text } });
        await rig.notifier.send(notificationOf([alert]), never);
        assert.equal(rig.received(), text);
      });
    }

    test('ends by the signal when the receiver hangs', async () => {
      rig.behave('hang');
      const ending = new AbortController();
      const sent = rig.notifier.send(notification, ending.signal);
      const outcome = sent.then(
        () => assert.fail('it was taken'),
        (error: unknown) => error,
      );
      await untilTrue(() => assert.equal(rig.count(), 1));
      ending.abort();
      const error = await outcome;
      assert.ok(error instanceof NotifyError && error.retryable, String(error));
      await untilTrue(() => assert.equal(rig.openSockets(), 0));
    });

    test('ends at once by a signal that was aborted before', async () => {
      rig.behave('hang');
      await assert.rejects(rig.notifier.send(notification, AbortSignal.abort()), { code: 'NOTIFY_FAILED' });
    });

    if (options.answers) {
      test('may be tried again after a failure of the receiver', async () => {
        rig.behave('fail');
        assert.equal((await failure()).retryable, true);
        rig.behave('take');
        await rig.notifier.send(notification, never);
      });

      test('is not to be tried again after a refusal', async () => {
        rig.behave('refuse');
        assert.equal((await failure()).retryable, false);
      });

      test('tells no secrets that the receiver repeats', async () => {
        rig.behave('repeat secrets');
        const { message } = await failure();
        assert.match(message, /\*\*\*/);
        for (const secret of rig.secrets) assert.ok(!message.includes(secret), message);
      });

      test('repeats at most 200 characters of the receiver’s words', async () => {
        rig.behave('refuse');
        assert.ok((await failure()).message.length < 280);
      });
    }

    if (options.redirects) {
      test('does not follow redirects', async () => {
        rig.behave('redirect');
        const error = await failure();
        assert.equal(error.retryable, false);
        assert.match(error.message, /redirect/);
        assert.equal(rig.count(), 1);
      });
    }

    test('leaves no connection open when it is closed', async () => {
      await rig.notifier.send(notification, never);
      await closeNotifier();
      await untilTrue(() => assert.equal(rig.openSockets(), 0));
    });
  });
}
