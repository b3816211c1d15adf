import type { AlertSettings } from '../../workers/contract/alert-tasks.ts';
import { NotificationTemplates } from '../../workers/template/notification-template.ts';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log, TroubleLog } from '../log.ts';
import { nearest } from '../spelling.ts';
import type { TestOutcome } from './alert-commands.ts';
import { type AlertArchive, AlertDesk } from './alert-desk.ts';
import { AlertKeeper, type AlertPorts } from './alert-keeper.ts';
import type { Alerting } from './alerting.ts';
import { Heartbeat } from './notifiers/heartbeat/heartbeat.ts';
import { createNotifier } from './notifiers/notifiers.ts';
import { Outbox, type OutboxReceiver } from './outbox.ts';
import { testNotifications } from './test-notification.ts';

export interface AlertPartsRequest {
  readonly alerting: Alerting;
  readonly ports: AlertPorts;
  readonly archive: AlertArchive;
  /** Where the dashboard is; '' when HTTP is off. */
  readonly externalUrl: string;
  readonly intervalMs: number;
  readonly rawRetentionMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly troubles: TroubleLog;
}

/** Everything that alerts are made of, wired together. */
export interface AlertParts {
  readonly keeper: AlertKeeper;
  readonly desk: AlertDesk;
  readonly outbox: Outbox;
  /** Sends a marked test by every way out of a receiver, now and once. Throws AgentError USAGE when there is no such receiver. */
  testNotify(receiver: string): Promise<readonly TestOutcome[]>;
  /** Gives what is in flight `withinMs`, and waits for the evaluation that runs; what waits stays in the store. */
  close(withinMs: number): Promise<void>;
}

const testTimeoutMs = 20_000;

export function createAlertParts(request: AlertPartsRequest): AlertParts {
  const { alerting, ports, archive, externalUrl, clock, log, troubles } = request;
  const { notify, groups } = alerting;
  const templates = new NotificationTemplates(notify.templates);
  const receivers: OutboxReceiver[] = notify.receivers.map(({ name, integrations }) => ({
    name,
    integrations: integrations.map((integration) => ({
      key: integration.key,
      notifier: createNotifier(integration, {
        templates,
        externalUrl,
        clock,
        log,
        write: writeStandardOutput,
      }),
    })),
  }));
  const outbox = new Outbox({ receivers, settle: (task) => ports.write(task), clock, log, troubles });
  const settings: AlertSettings = {
    groups,
    routing: notify.routing,
    externalUrl,
    intervalMs: request.intervalMs,
    rawRetentionMs: request.rawRetentionMs,
  };
  const keeper = new AlertKeeper(settings, { ports, queue: outbox, clock, log, troubles });
  const heartbeat =
    notify.heartbeat && new Heartbeat(notify.heartbeat, { clock, troubles, isAlive: () => keeper.isAlive() });
  heartbeat?.start();
  return {
    keeper,
    outbox,
    desk: new AlertDesk(keeper, archive, clock),
    testNotify: (name) => testNotify(receivers, name, clock.now(), externalUrl),
    close: async (withinMs) => {
      await Promise.all([keeper.idle(), heartbeat?.close(), outbox.close(withinMs)]);
    },
  };
}

async function testNotify(
  receivers: readonly OutboxReceiver[],
  name: string,
  nowMs: number,
  externalUrl: string,
): Promise<TestOutcome[]> {
  const receiver = receivers.find((one) => one.name === name);
  if (!receiver) {
    const names = receivers.map((one) => one.name);
    const meant = nearest(name, names);
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    throw new AgentError('USAGE', `there is no receiver "${name}"${hint} (there are: ${names.join(', ')})`);
  }
  const notifications = testNotifications(receiver, Math.round(nowMs), externalUrl);
  return Promise.all(
    receiver.integrations.map(async ({ key, notifier }, i) => {
      try {
        await notifier.send(notifications[i]!, AbortSignal.timeout(testTimeoutMs));
        return { integration: key, problem: '' };
      } catch (error) {
        return { integration: key, problem: messageOf(error) };
      }
    }),
  );
}

function writeStandardOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
