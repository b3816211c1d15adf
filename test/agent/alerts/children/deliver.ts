import { webhookOptions } from '../../../../agent/alerts/notifiers/webhook/options.ts';
import { createWebhookNotifier } from '../../../../agent/alerts/notifiers/webhook/webhook.ts';
import { Outbox } from '../../../../agent/alerts/outbox.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { createLog, TroubleLog } from '../../../../agent/log.ts';
import { openStore } from '../../../../workers/store/store.ts';
import { settings } from '../../../workers/store/fixture.ts';

/** Delivers what waits in the store to a webhook, until it is killed. */
const [path = '', url = ''] = process.argv.slice(2);
const store = openStore(path, settings);
const log = createLog('warn');
const notifier = createWebhookNotifier(webhookOptions.parse({ url }), { clock, externalUrl: '' });
const outbox = new Outbox({
  receivers: [{ name: 'oncall', integrations: [{ key: 'webhook/0', notifier }] }],
  kept: async () => store.keptAlerts(),
  settle: async (task) => store.alerts(task),
  clock,
  log,
  troubles: new TroubleLog(log),
});
outbox.start(store.keptAlerts());
setInterval(() => {}, 1000);
