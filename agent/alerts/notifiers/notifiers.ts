import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { createAlertmanagerNotifier } from './alertmanager/alertmanager.ts';
import type { AlertmanagerOptions } from './alertmanager/options.ts';
import { createEmailNotifier } from './email/email.ts';
import type { EmailOptions } from './email/options.ts';
import type { Notifier } from './notifier.ts';
import type { PagerdutyOptions } from './pagerduty/options.ts';
import { createPagerdutyNotifier } from './pagerduty/pagerduty.ts';
import type { Wording } from './rendering.ts';
import type { SlackOptions } from './slack/options.ts';
import { createSlackNotifier } from './slack/slack.ts';
import type { StdoutOptions } from './stdout/options.ts';
import { createStdoutNotifier, type WriteText } from './stdout/stdout.ts';
import type { WebhookOptions } from './webhook/options.ts';
import { createWebhookNotifier } from './webhook/webhook.ts';

/** A way out as it is configured, its options checked and its files read. */
export type Integration =
  | { readonly type: 'webhook'; readonly options: WebhookOptions }
  | { readonly type: 'slack'; readonly options: SlackOptions }
  | { readonly type: 'email'; readonly options: EmailOptions }
  | { readonly type: 'pagerduty'; readonly options: PagerdutyOptions }
  | { readonly type: 'alertmanager'; readonly options: AlertmanagerOptions }
  | { readonly type: 'stdout'; readonly options: StdoutOptions };

/** What notifiers work with; each takes its part. */
export interface NotifierSetup extends Wording {
  readonly clock: Clock;
  readonly log: Log;
  readonly write: WriteText;
}

/** Every notifier that there is. */
export function createNotifier({ type, options }: Integration, setup: NotifierSetup): Notifier {
  switch (type) {
    case 'webhook':
      return createWebhookNotifier(options, setup);
    case 'slack':
      return createSlackNotifier(options, setup);
    case 'email':
      return createEmailNotifier(options, setup);
    case 'pagerduty':
      return createPagerdutyNotifier(options, setup);
    case 'alertmanager':
      return createAlertmanagerNotifier(options, setup);
    case 'stdout':
      return createStdoutNotifier(options, setup);
  }
}
