import type { Clock } from '../../../clock.ts';
import { type HttpAnswer, HttpClient } from '../http-client.ts';
import { type Notifier, NotifyError } from '../notifier.ts';
import { cutAt, Rendering, type Wording } from '../rendering.ts';
import type { SlackOptions } from './options.ts';

/** Slack refuses longer ones. Source: https://api.slack.com/reference/messaging/attachments#legacy_fields */
const mostTitleCharacters = 1024;
/** Slack cuts longer ones, in the middle of a word. Source: https://api.slack.com/methods/chat.postMessage#truncating */
const mostTextCharacters = 40_000;

export interface SlackSetup extends Wording {
  readonly clock: Clock;
}

/** Posts a message with one attachment to an incoming webhook or to chat.postMessage. */
export function createSlackNotifier(options: SlackOptions, setup: SlackSetup): Notifier {
  const client = new HttpClient({ url: options.api_url!, config: options.http_config, clock: setup.clock });
  return {
    async send(notification, signal) {
      const rendering = new Rendering(setup.templates, notification, setup.externalUrl);
      const body = JSON.stringify(slackMessage(options, rendering));
      const headers = { 'content-type': 'application/json' };
      check(await client.send({ method: 'POST', headers, body }, signal), (text) => client.words(text));
    },
    close: async () => client.close(),
  };
}

/** Keys as Alertmanager writes them, without those that are empty. Source: prometheus/alertmanager, notify/slack/slack.go. */
function slackMessage(options: SlackOptions, rendering: Rendering) {
  const text = (template: string | undefined) => rendering.text(template);
  const some = (template: string | undefined) => text(template) || undefined;
  const attachment = {
    title: cutAt(text(options.title), mostTitleCharacters) || undefined,
    title_link: some(options.title_link),
    pretext: some(options.pretext),
    text: cutAt(text(options.text), mostTextCharacters),
    fallback: text(options.fallback),
    callback_id: text(options.callback_id),
    fields: options.fields?.map((field) => ({
      title: text(field.title),
      value: text(field.value),
      short: field.short ?? options.short_fields,
    })),
    actions: options.actions?.map((action) => actionOf(action, text)),
    image_url: some(options.image_url),
    thumb_url: some(options.thumb_url),
    footer: text(options.footer),
    color: some(options.color),
    mrkdwn_in: options.mrkdwn_in ?? ['fallback', 'pretext', 'text'],
  };
  return {
    channel: some(options.channel),
    username: some(options.username),
    icon_emoji: some(options.icon_emoji),
    icon_url: some(options.icon_url),
    link_names: options.link_names || undefined,
    attachments: [attachment],
  };
}

type Action = NonNullable<SlackOptions['actions']>[number];

/** A link has no name, value and confirmation. */
function actionOf(action: Action, text: (template: string | undefined) => string) {
  const some = (template: string | undefined) => text(template) || undefined;
  const { confirm } = action;
  const start = { type: text(action.type), text: text(action.text), style: some(action.style) };
  if (action.url) return { ...start, url: text(action.url) };
  return {
    ...start,
    name: some(action.name),
    value: some(action.value),
    confirm: confirm && {
      text: text(confirm.text),
      title: some(confirm.title),
      ok_text: some(confirm.ok_text),
      dismiss_text: some(confirm.dismiss_text),
    },
  };
}

/** Slack says some errors with status 200: webhooks answer `ok`, the API a JSON object. */
function check({ body, contentType, isComplete }: HttpAnswer, words: (text: string) => string): void {
  if (!isComplete && body.length === 0)
    throw new NotifyError('Slack broke its answer off', { retryable: true });
  if (!contentType.startsWith('application/json')) {
    if (body.trim() === 'ok') return;
    throw new NotifyError(`Slack answered: ${words(body)}`, { retryable: false });
  }
  // A longer answer repeats the message: it was taken.
  if (!isComplete) return;
  const error = errorIn(body);
  if (error !== null)
    throw new NotifyError(`Slack answered: ${words(error)}`, {
      retryable: retryableErrors.has(error),
    });
}

/** Source: https://api.slack.com/methods/chat.postMessage#errors */
const retryableErrors = new Set([
  ...[
    'ratelimited',
    'rate_limited',
    'service_unavailable',
    'internal_error',
    'fatal_error',
    'request_timeout',
  ],
]);

/** null when it says that all is well. */
function errorIn(body: string): string | null {
  try {
    const answer = JSON.parse(body) as { ok?: unknown; error?: unknown } | null;
    return answer?.ok === true ? null : String(answer?.error ?? 'unknown error');
  } catch {
    return `an answer that is not JSON: ${body}`;
  }
}
