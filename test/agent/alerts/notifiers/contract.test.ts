import { createAlertmanagerNotifier } from '../../../../agent/alerts/notifiers/alertmanager/alertmanager.ts';
import { alertmanagerOptions } from '../../../../agent/alerts/notifiers/alertmanager/options.ts';
import { createEmailNotifier } from '../../../../agent/alerts/notifiers/email/email.ts';
import { emailOptions } from '../../../../agent/alerts/notifiers/email/options.ts';
import { pagerdutyOptions } from '../../../../agent/alerts/notifiers/pagerduty/options.ts';
import { createPagerdutyNotifier } from '../../../../agent/alerts/notifiers/pagerduty/pagerduty.ts';
import { slackOptions } from '../../../../agent/alerts/notifiers/slack/options.ts';
import { createSlackNotifier } from '../../../../agent/alerts/notifiers/slack/slack.ts';
import { stdoutOptions } from '../../../../agent/alerts/notifiers/stdout/options.ts';
import { createStdoutNotifier } from '../../../../agent/alerts/notifiers/stdout/stdout.ts';
import { webhookOptions } from '../../../../agent/alerts/notifiers/webhook/options.ts';
import { createWebhookNotifier } from '../../../../agent/alerts/notifiers/webhook/webhook.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import { NotificationTemplates } from '../../../../workers/template/notification-template.ts';
import { startSmtpReceiver } from '../../../support/smtp-receiver.ts';
import { type Behaviour, notifierContract, type Rig } from './contract.ts';
import { httpConfig as http_config, httpRig } from './http-rig.ts';
import { htmlTextOf } from './mail.ts';

const externalUrl = 'http://127.0.0.1:7070';
const setup = { clock, externalUrl, templates: new NotificationTemplates([]), log: createLog('silent') };
const odd = '{{ .CommonLabels.odd }}';
const http = { answers: true, redirects: true };

notifierContract(
  'webhook',
  () =>
    httpRig(
      (url) => createWebhookNotifier(webhookOptions.parse({ url, http_config }), setup),
      (body) => JSON.parse(body).commonLabels.odd,
    ),
  http,
);

notifierContract(
  'slack',
  () =>
    httpRig(
      (api_url) => createSlackNotifier(slackOptions.parse({ api_url, http_config, text: odd }), setup),
      (body) => JSON.parse(body).attachments[0].text,
    ),
  http,
);

const routing_key = 'a routing key of PagerDuty';
notifierContract(
  'pagerduty',
  () =>
    httpRig(
      (url) => {
        const options = pagerdutyOptions.parse({ url, http_config, routing_key, details: { odd } });
        return createPagerdutyNotifier(options, setup);
      },
      (body) => JSON.parse(body).payload.custom_details.odd,
      [routing_key],
    ),
  http,
);

notifierContract(
  'alertmanager',
  () =>
    httpRig(
      (url) => createAlertmanagerNotifier(alertmanagerOptions.parse({ url, http_config }), setup),
      (body) => JSON.parse(body)[0].labels.odd,
    ),
  http,
);

notifierContract('email', emailRig, { answers: true, redirects: false });
notifierContract('stdout', stdoutRig, { answers: false, redirects: false });

async function emailRig(): Promise<Rig> {
  const receiver = await startSmtpReceiver({ auth: 'PLAIN' });
  const auth_password = 'a password for mail';
  const encoded = Buffer.from(`\0nova\0${auth_password}`).toString('base64');
  const options = emailOptions.parse({
    smarthost: `127.0.0.1:${receiver.port}`,
    from: 'nova@example.org',
    to: 'oncall@example.org',
    auth_username: 'nova',
    auth_password,
    require_tls: false,
    html: `<pre>${odd}</pre>`,
    headers: { Subject: 'alerts' },
  });
  const behave = (behaviour: Behaviour) => {
    receiver.answers = {};
    if (behaviour === 'hang') receiver.answers = { MESSAGE: 'hang' };
    if (behaviour === 'fail') receiver.answers = { MESSAGE: '451 4.3.0 later' };
    if (behaviour === 'refuse') receiver.answers = { RCPT: `550 5.1.1 no ${'such user '.repeat(90)}` };
    if (behaviour === 'repeat secrets') receiver.answers = { MAIL: `550 no ${auth_password} ${encoded}` };
  };
  return {
    notifier: createEmailNotifier(options, setup),
    behave,
    received: () => htmlTextOf(receiver.mails.at(-1)!),
    count: () => receiver.commands.filter((line) => line === 'DATA').length,
    openSockets: receiver.openSockets,
    secrets: [auth_password, encoded],
    close: receiver.close,
  };
}

async function stdoutRig(): Promise<Rig> {
  const lines: string[] = [];
  let isHanging = false;
  const write = (line: string): Promise<void> => {
    lines.push(line);
    return isHanging ? new Promise(() => {}) : Promise.resolve();
  };
  return {
    notifier: createStdoutNotifier(stdoutOptions.parse({}), { write }),
    behave: (behaviour) => {
      isHanging = behaviour === 'hang';
    },
    received: () => JSON.parse(lines.at(-1)!).alerts[0].labels.odd,
    count: () => lines.length,
    openSockets: () => 0,
    secrets: [],
    close: async () => {},
  };
}
