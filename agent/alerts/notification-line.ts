import type { Notification } from '../../workers/contract/alerts.ts';

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

  get size(): number {
    return this.#ids.size;
  }

  /** Puts it at the end of its group; one that waits already is left out. */
  add(item: LineItem): void {
    const { id, groupKey } = item.notification;
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
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
    if (group.length === 0) this.#groups.delete(groupKey);
  }

  /** Those born before `ms`, but for `kept`. */
  bornBefore(ms: number, kept: LineItem | undefined): LineItem[] {
    return this.#all().filter((item) => item.bornMs < ms && item !== kept);
  }

  /** Whether the next one of its group says all that this one says. */
  isSuperseded(item: LineItem): boolean {
    const group = this.#groups.get(item.notification.groupKey) ?? [];
    const newer = group[group.indexOf(item) + 1];
    return newer !== undefined && saysAll(newer.notification, item.notification);
  }

  /** Who has to go so that at most `most` stay: those that are superseded, then the oldest; never `kept`. */
  excess(most: number, kept: LineItem | undefined): LineItem[] {
    const surplus = this.size - most;
    if (surplus <= 0) return [];
    const items = this.#all().filter((item) => item !== kept);
    const superseded = items.filter((item) => this.isSuperseded(item));
    const others = items.filter((item) => !this.isSuperseded(item)).sort((a, b) => a.bornMs - b.bornMs);
    return [...superseded, ...others].slice(0, surplus);
  }

  #all(): LineItem[] {
    return [...this.#groups.values()].flat();
  }
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
