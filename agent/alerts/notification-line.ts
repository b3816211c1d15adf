import { heldNotifications, type LabelSet, type Notification } from '../../workers/contract/alerts.ts';

/** A notification that waits. */
export interface LineItem {
  readonly notification: Notification;
  /** On the clock that only grows, so that one that jumps makes nobody old. */
  readonly bornMs: number;
  attempts: number;
}

/**
 * Notifications that wait for one way out: in their order within a group of alerts, so that the end of an alert is never
 * told before its beginning; a group whose first one fails lets the others pass.
 */
export class NotificationLine {
  /** By group key; the group whose turn it is comes first, and none is empty. */
  readonly #groups = new Map<string, LineItem[]>();
  readonly #ids = new Set<string>();
  #bytes = 0;

  get size(): number {
    return this.#ids.size;
  }

  /** Whether it holds as much as it may: what else waits is to wait in the store. */
  get isFull(): boolean {
    return this.size >= heldNotifications.most || this.#bytes >= heldNotifications.mostBytes;
  }

  /** Whether it has room for half of what it may hold. */
  get isHalfEmpty(): boolean {
    return this.size < heldNotifications.most / 2 && this.#bytes < heldNotifications.mostBytes / 2;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Puts it at the end of its group; one that waits already is left out. */
  add(item: LineItem): void {
    const { id, groupKey } = item.notification;
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    this.#bytes += bytesOf(item.notification);
    const group = this.#groups.get(groupKey);
    if (group) group.push(item);
    else this.#groups.set(groupKey, [item]);
  }

  first(): LineItem | undefined {
    for (const group of this.#groups.values()) return group[0];
    return undefined;
  }

  /** The other groups come first. */
  postpone(item: LineItem): void {
    const { groupKey } = item.notification;
    const group = this.#groups.get(groupKey)!;
    this.#groups.delete(groupKey);
    this.#groups.set(groupKey, group);
  }

  remove(item: LineItem): void {
    const { id, groupKey } = item.notification;
    const group = this.#groups.get(groupKey);
    const place = group?.indexOf(item) ?? -1;
    if (!group || place < 0) return;
    group.splice(place, 1);
    this.#ids.delete(id);
    this.#bytes -= bytesOf(item.notification);
    if (group.length === 0) this.#groups.delete(groupKey);
  }

  /** Those born before `ms`, but for `kept`. */
  bornBefore(ms: number, kept: LineItem | undefined): LineItem[] {
    return this.all().filter((item) => item.bornMs < ms && item !== kept);
  }

  /** Whether the next one of its group says all that this one says. */
  isSuperseded(item: LineItem): boolean {
    const group = this.#groups.get(item.notification.groupKey) ?? [];
    const newer = group[group.indexOf(item) + 1];
    return newer !== undefined && saysAll(newer.notification, item.notification);
  }

  /** All of them, in order within each group. */
  all(): LineItem[] {
    return [...this.#groups.values()].flat();
  }
}

/** About what it takes in memory: its texts, and some for each alert. */
function bytesOf({ alerts, groupLabels }: Notification): number {
  let bytes = 500 + lengthOf(groupLabels);
  for (const { labels, annotations, generatorUrl } of alerts)
    bytes += 400 + lengthOf(labels) + lengthOf(annotations) + generatorUrl.length;
  return bytes;
}

function lengthOf(texts: LabelSet): number {
  let length = 0;
  for (const [name, text] of Object.entries(texts)) length += name.length + text.length;
  return length;
}

/**
 * Whether `newer` tells each alert of `older` in the same state. One that only tells the end of an alert does not: its
 * beginning is to be told before.
 */
function saysAll(newer: Notification, older: Notification): boolean {
  if (older.truncatedAlerts > 0) return false;
  const told = new Set(newer.alerts.map(keyOf));
  return older.alerts.every((alert) => told.has(keyOf(alert)));
}

function keyOf({ fingerprint, startsAtMs, status }: Notification['alerts'][number]): string {
  return `${fingerprint} ${startsAtMs} ${status}`;
}
