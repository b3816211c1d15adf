import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { NotifyError } from '../../../../agent/alerts/notifiers/notifier.ts';
import { slackOptions } from '../../../../agent/alerts/notifiers/slack/options.ts';
import { createSlackNotifier } from '../../../../agent/alerts/notifiers/slack/slack.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { NotificationTemplates } from '../../../../workers/template/notification-template.ts';
import { type HttpReceiver, startHttpReceiver } from '../../../support/http-receiver.ts';
import { alertOf, notificationOf, resolvedOf } from './notifications.ts';

const never = new AbortController().signal;
const notification = notificationOf([alertOf('high-queue')]);

let receiver: HttpReceiver;
beforeEach(async () => {
  receiver = await startHttpReceiver();
});
afterEach(() => receiver.close());

async function send(options: object = {}, what = notification) {
  const templates = new NotificationTemplates([]);
  const parsed = slackOptions.parse({
    api_url: `${receiver.url}/services/T0/B0/a-secret-of-slack`,
    ...options,
  });
  const notifier = createSlackNotifier(parsed, { clock, templates, externalUrl: 'http://agent:7070' });
  try {
    await notifier.send(what, never);
  } finally {
    await notifier.close();
  }
  return JSON.parse(receiver.requests.at(-1)!.body);
}

async function failure(): Promise<NotifyError> {
  const error = await send().catch((thrown: unknown) => thrown);
  assert.ok(error instanceof NotifyError, String(error));
  return error;
}

describe('a message to Slack', () => {
  test('has one attachment, by the default templates', async () => {
    const { attachments, channel, link_names } = await send();
    assert.equal(attachments.length, 1);
    const [attachment] = attachments;
    assert.match(attachment.title, /^\[FIRING:1\] high-queue/);
    assert.equal(attachment.color, 'danger');
    assert.deepEqual(attachment.mrkdwn_in, ['fallback', 'pretext', 'text']);
    assert.deepEqual([channel, link_names], [undefined, undefined]);
  });

  test('is green when all is over', async () => {
    const { attachments } = await send({}, notificationOf([resolvedOf('high-queue')]));
    assert.equal(attachments[0].color, 'good');
  });

  test('fills templates in everywhere', async () => {
    const status = '{{ .Status }}';
    const message = await send({
      ...{
        channel: `#${status}`,
        username: status,
        icon_emoji: ':fire:',
        icon_url: status,
        link_names: true,
      },
      ...{ title_link: status, pretext: status, text: status, fallback: status, callback_id: status },
      ...{ image_url: status, thumb_url: status, footer: status, mrkdwn_in: ['text'], short_fields: true },
      fields: [
        { title: status, value: status },
        { title: 'a', value: 'b', short: false },
      ],
    });
    assert.equal(message.channel, '#firing');
    const firing = {
      title_link: 'firing',
      pretext: 'firing',
      text: 'firing',
      fallback: 'firing',
      callback_id: 'firing',
    };
    const { title: _, ...attachment } = message.attachments[0];
    assert.deepEqual(attachment, {
      ...firing,
      fields: [
        { title: 'firing', value: 'firing', short: true },
        { title: 'a', value: 'b', short: false },
      ],
      image_url: 'firing',
      thumb_url: 'firing',
      footer: 'firing',
      color: 'danger',
      mrkdwn_in: ['text'],
    });
  });

  test('has buttons: links have no name, others ask before', async () => {
    const actions = [
      { type: 'button', text: 'look', url: 'http://x/{{ .Status }}', name: 'left out' },
      {
        type: 'button',
        text: 'do',
        name: 'act',
        value: 'v',
        style: 'danger',
        confirm: { text: 'sure?', ok_text: 'yes' },
      },
    ];
    const { attachments } = await send({ actions });
    assert.deepEqual(attachments[0].actions, [
      { type: 'button', text: 'look', url: 'http://x/firing' },
      {
        type: 'button',
        text: 'do',
        style: 'danger',
        name: 'act',
        value: 'v',
        confirm: { text: 'sure?', ok_text: 'yes' },
      },
    ]);
  });

  test('has a title of at most 1,024 characters', async () => {
    const { attachments } = await send({ title: '😀'.repeat(1025) });
    assert.equal(attachments[0].title, `${'😀'.repeat(1023)}…`);
  });

  test('goes out with the error of a template that fails', async () => {
    const { attachments } = await send({ text: '{{ .Nothing.AtAll }}', footer: '{{ broken' });
    assert.match(attachments[0].text, /^<error expanding template: /);
    assert.match(attachments[0].footer, /^<error expanding template: /);
  });
});

describe('Slack', () => {
  const json = (text: string) => {
    receiver.answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  };

  test('refuses with status 200, as text', async () => {
    receiver.answer = (response) => response.end('invalid_token a-secret-of-slack');
    const error = await failure();
    assert.equal(error.retryable, false);
    assert.match(error.message, /invalid_token \*\*\*$/);
  });

  test('refuses with status 200, as JSON', async () => {
    json('{"ok":false,"error":"channel_not_found"}');
    const error = await failure();
    assert.equal(error.retryable, false);
    assert.match(error.message, /channel_not_found/);
  });

  test('asks for patience with status 200', async () => {
    json('{"ok":false,"error":"ratelimited"}');
    assert.equal((await failure()).retryable, true);
  });

  test('takes a message and repeats it at length', async () => {
    json(JSON.stringify({ ok: true, message: 'x'.repeat(10_000) }));
    await send();
  });
});
