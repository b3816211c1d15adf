import { z } from 'zod';
import { prometheusDuration } from '../../units.ts';
import { alertmanagerOptions } from '../notifiers/alertmanager/options.ts';
import { emailOptions } from '../notifiers/email/options.ts';
import { heartbeatOptions } from '../notifiers/heartbeat/options.ts';
import { file, httpConfig, onlyOne, secret, tlsConfig, url } from '../notifiers/http-options.ts';
import { pagerdutyOptions } from '../notifiers/pagerduty/options.ts';
import { slackOptions } from '../notifiers/slack/options.ts';
import { stdoutOptions } from '../notifiers/stdout/options.ts';
import { webhookOptions } from '../notifiers/webhook/options.ts';
import { inhibitOptions, routeOptions } from './route-schema.ts';
import { namedIntervals } from './time-schema.ts';

const text = (description: string) => z.string().optional().describe(description);

export const globalOptions = z
  .strictObject({
    resolve_timeout: prometheusDuration('0s', '292y')
      .optional()
      .describe('Without effect: when alerts end is known here.'),
    http_config: httpConfig.optional().describe('How to speak HTTP, for receivers that do not say.'),
    smtp_from: text('Address of the sender.'),
    smtp_hello: text('Name of this machine for the server.'),
    smtp_smarthost: text('SMTP server as host:port.'),
    smtp_auth_username: text('User name for the server.'),
    smtp_auth_password: secret('Password for the server.'),
    smtp_auth_password_file: file('File that holds it.'),
    smtp_auth_secret: secret('Secret for CRAM-MD5.'),
    smtp_auth_secret_file: file('File that holds it.'),
    smtp_auth_identity: text('Identity for PLAIN.'),
    smtp_require_tls: z.boolean().optional().describe('Whether to send only over TLS.'),
    smtp_tls_config: tlsConfig.optional().describe('How to speak TLS.'),
    slack_api_url: url('URL of the incoming webhook.'),
    slack_api_url_file: file('File that holds it.'),
    pagerduty_url: url('Where events go.'),
  })
  .superRefine((options, context) =>
    onlyOne(options, context, 'smtp_auth_password', 'smtp_auth_secret', 'slack_api_url'),
  );

/** Ways out by the key that lists them. */
export const integrationOptions = {
  webhook: webhookOptions,
  slack: slackOptions,
  email: emailOptions,
  pagerduty: pagerdutyOptions,
  alertmanager: alertmanagerOptions,
  stdout: stdoutOptions,
} as const;

const ways = <T extends z.ZodType>(options: T) => z.array(options).prefault([]);

const receiver = z.strictObject({
  name: z.string().min(1).describe('Name that routes use.'),
  webhook_configs: ways(webhookOptions).describe('JSON posted to an address.'),
  slack_configs: ways(slackOptions).describe('Messages to Slack.'),
  email_configs: ways(emailOptions).describe('E-mail.'),
  pagerduty_configs: ways(pagerdutyOptions).describe('Events to PagerDuty, version 2.'),
  alertmanager_configs: ways(alertmanagerOptions).describe('Alerts to an Alertmanager.'),
  stdout_configs: ways(stdoutOptions).describe('Lines on standard output.'),
});

/** The whole of notify.yml: Alertmanager's format, and `heartbeat`, `alertmanager_configs`, `stdout_configs` of ours. */
export const notifySchema = z.strictObject({
  global: globalOptions.prefault({}),
  templates: z.array(z.string().min(1)).prefault([]).describe('Files of templates, as globs.'),
  route: routeOptions,
  receivers: z.array(receiver).prefault([]),
  inhibit_rules: z.array(inhibitOptions).prefault([]).describe('Which alerts keep which others quiet.'),
  time_intervals: z.array(namedIntervals).prefault([]).describe('Times that routes name.'),
  mute_time_intervals: z.array(namedIntervals).prefault([]).describe('The older name of time_intervals.'),
  heartbeat: heartbeatOptions.optional().describe('A service that is called as long as rules are evaluated.'),
});

export type NotifyOptions = z.output<typeof notifySchema>;
