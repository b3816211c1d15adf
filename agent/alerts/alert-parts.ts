import type { AlertSettings } from '../../workers/contract/alert-tasks.ts';
import type { RuleGroup } from '../../workers/contract/alerts.ts';
import { NotificationTemplates } from '../../workers/template/notification-template.ts';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log, TroubleLog } from '../log.ts';
import { nearest } from '../spelling.ts';
import type { TestOutcome } from './alert-commands.ts';
import { type AlertArchive, AlertDesk } from './alert-desk.ts';
import { AlertKeeper, type AlertPorts } from './alert-keeper.ts';
import type { Alerting } from './alerting.ts';
import { type BacktestPort, Backtests } from './backtests.ts';
import { Heartbeat } from './notifiers/heartbeat/heartbeat.ts';
import { createNotifier } from './notifiers/notifiers.ts';
import { Outbox, type OutboxReceiver } from './outbox.ts';
import { testNotifications } from './test-notification.ts';

export interface AlertPartsRequest {
  readonly alerting: Alerting;
  readonly ports: AlertPorts;
  readonly archive: AlertArchive;
  readonly replays: BacktestPort;
  /** Where the dashboard is; '' when HTTP is off. */
  readonly externalUrl: string;
  readonly intervalMs: number;
  readonly rawRetentionMs: number;
  /** Tags of every point. */
  readonly commonTags: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly troubles: TroubleLog;
}

/** Everything that alerts are made of, wired together. */
export interface AlertParts {
  readonly keeper: AlertKeeper;
  readonly desk: AlertDesk;
  readonly outbox: Outbox;
  readonly backtests: Backtests;
  /** Rules in force. */
  groups(): readonly RuleGroup[];
  /**
   * Goes on with other rules, routes and receivers, with the state as it is. What is in flight has `withinMs`; what waits
   * goes to the new receivers.
   */
  use(alerting: Alerting, withinMs: number): Promise<void>;
  /** Sends a marked test by every way out of a receiver, now and once. Throws AgentError USAGE when there is no such receiver. */
  testNotify(receiver: string): Promise<readonly TestOutcome[]>;
  /** Gives what is in flight `withinMs`, and waits for the evaluation that runs; what waits stays in the store. */
  close(withinMs: number): Promise<unknown>;
}

const testTimeoutMs = 20_000;

export function createAlertParts(request: AlertPartsRequest): AlertParts {
  const { ports, archive, externalUrl, clock, log, troubles } = request;
  let { alerting } = request;
  let receivers = receiversOf(alerting, request);
  const { kept } = ports;
  const outbox = new Outbox({
    ...{ receivers, kept, clock, log, troubles },
    settle: (task) => ports.write(task),
  });
  const settings = settingsOf(alerting, request);
  const keeper = new AlertKeeper(settings, { ports, queue: outbox, clock, log, troubles });
  const startHeartbeat = () => {
    const { heartbeat: options } = alerting.notify;
    const heartbeat = options && new Heartbeat(options, { clock, troubles, isAlive: () => keeper.isAlive() });
    heartbeat?.start();
    return heartbeat;
  };
  let heartbeat = startHeartbeat();
  let closing: Promise<unknown> | undefined;
  return {
    keeper,
    outbox,
    desk: new AlertDesk(keeper, archive, clock),
    backtests: new Backtests({
      ...{ port: request.replays, externalUrl, commonTags: request.commonTags, clock },
      ...{ intervalMs: request.intervalMs, rawRetentionMs: request.rawRetentionMs },
      alerting: () => ({ groups: alerting.groups, routing: alerting.notify.routing }),
    }),
    groups: () => alerting.groups,
    use: async (next, withinMs) => {
      const nextReceivers = receiversOf(next, request);
      await heartbeat?.close();
      // Who is told by the new rules must be there before they are evaluated.
      await outbox.use(nextReceivers, withinMs);
      alerting = next;
      receivers = nextReceivers;
      keeper.use(settingsOf(alerting, request));
      heartbeat = startHeartbeat();
    },
    testNotify: (name) => testNotify(receivers, name, clock.now(), externalUrl),
    close: (withinMs) => {
      closing ??= Promise.all([keeper.idle(), heartbeat?.close(), outbox.close(withinMs)]);
      return closing;
    },
  };
}

function settingsOf(alerting: Alerting, request: AlertPartsRequest): AlertSettings {
  const { externalUrl, intervalMs, rawRetentionMs, commonTags } = request;
  const { groups, notify } = alerting;
  return { groups, routing: notify.routing, externalUrl, intervalMs, rawRetentionMs, commonTags };
}

function receiversOf({ notify }: Alerting, { externalUrl, clock, log }: AlertPartsRequest): OutboxReceiver[] {
  const templates = new NotificationTemplates(notify.templates);
  const context = { templates, externalUrl, clock, log, write: writeStandardOutput };
  return notify.receivers.map(({ name, integrations }) => ({
    name,
    integrations: integrations.map((integration) => ({
      key: integration.key,
      notifier: createNotifier(integration, context),
    })),
  }));
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
