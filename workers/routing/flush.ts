import { createHash } from 'node:crypto';
import type { MutedBy } from '../contract/alert-tasks.ts';
import type { Alert, Notification, RoutedReceiver } from '../contract/alerts.ts';
import type { AlertGroup } from './alert-group.ts';
import { inOrder, notifiedAlerts, type ToldAlert } from './notified-alerts.ts';

export interface FlushContext {
  readonly timeMs: number;
  readonly externalUrl: string;
  readonly receiver: RoutedReceiver;
  mutedBy(alert: Alert): MutedBy | null;
  isAcknowledged(alert: Alert): boolean;
}

/** What the group's receiver is to hear now. */
interface News {
  readonly firing: ToldAlert[];
  /** Ended, and receivers believe them to fire. */
  readonly ended: ToldAlert[];
  /** Episodes that were told to fire and are mute now, by fingerprint; the next notification leaves them out. */
  readonly keptQuiet: ReadonlyMap<string, string>;
  readonly hasFiring: boolean;
}

/**
 * Tells what is new of a group whose time has come: alerts that began, alerts that ended, or all that fire when nothing was
 * told for a repeat interval and nobody has acknowledged them (Alertmanager's notify.DedupStage). Says what is told from then on.
 */
export function flush(group: AlertGroup, context: FlushContext): Notification[] {
  const { timeMs } = context;
  const news = newsOf(group, context);
  const { firing, ended } = news;
  const hasNew = firing.some(({ alert }) => !group.told.has(alert.fingerprint));
  const isRepeat =
    firing.length > 0 &&
    timeMs - group.notifiedAtMs >= group.route.repeatIntervalMs &&
    firing.some(({ alert }) => !context.isAcknowledged(alert));
  const wasQuiet = group.told.size === 0;
  const isTold = hasNew || isRepeat || ended.length > 0;
  const told = new Map(isTold ? [] : news.keptQuiet);
  for (const { alert } of firing)
    told.set(alert.fingerprint, isTold ? alert.id : group.told.get(alert.fingerprint)!);
  group.told = told;
  group.reschedule(timeMs, news.hasFiring);
  if (!isTold) return [];

  const reason = hasNew
    ? wasQuiet
      ? 'new'
      : 'changed'
    : isRepeat && ended.length === 0
      ? 'repeat'
      : 'changed';
  const notifications: Notification[] = [];
  for (const { key, sendResolved } of context.receiver.integrations) {
    if (!sendResolved && !hasNew && !isRepeat) continue;
    const parts = sendResolved ? [...inOrder(firing), ...inOrder(ended)] : inOrder(firing);
    notifications.push({
      id: notificationId(group, context.receiver.name, key, parts),
      receiver: context.receiver.name,
      integration: key,
      groupKey: group.key,
      groupLabels: group.labels,
      status: firing.length > 0 ? 'firing' : 'resolved',
      reason: firing.length === 0 ? 'resolved' : sendResolved || hasNew ? reason : 'repeat',
      ...notifiedAlerts(parts, context.externalUrl),
      createdMs: timeMs,
    });
  }
  if (notifications.length > 0) group.count++;
  // Where only some ways out heard of an end, the repeat for the others is not put off by it.
  if (notifications.length === context.receiver.integrations.length) group.notifiedAtMs = timeMs;
  group.notifiedResolved = ended.map(({ alert }) => alert.id);
  return notifications;
}

function newsOf(group: AlertGroup, context: FlushContext): News {
  const firing: ToldAlert[] = [];
  const ended: ToldAlert[] = [];
  const keptQuiet = new Map<string, string>();
  let hasFiring = false;
  for (const alert of group.members.values()) {
    const { fingerprint } = alert;
    const isFlapping = group.isFlapping(fingerprint, context.timeMs);
    const isFiring = isFlapping || alert.state === 'firing';
    const toldId = group.told.get(fingerprint);
    hasFiring ||= isFiring;
    if (!isFiring && toldId === undefined) continue;
    const muted = context.mutedBy(alert);
    if (muted === null) {
      const status = isFiring ? 'firing' : 'resolved';
      (isFiring ? firing : ended).push({ alert, status, isFlapping });
    } else if (isFiring && toldId !== undefined && muted.by !== 'silence') {
      keptQuiet.set(fingerprint, toldId);
    }
  }
  return { firing, ended, keptQuiet, hasFiring };
}

/** Of what is told, so that a group that is stepped again from the same state makes the same. */
function notificationId(
  group: AlertGroup,
  receiver: string,
  integration: string,
  told: readonly ToldAlert[],
): string {
  const hash = createHash('sha256').update(JSON.stringify([group.key, receiver, integration, group.count]));
  for (const { alert, status } of told) hash.update(`${alert.id}${status}`);
  return hash.digest('hex').slice(0, 32);
}
