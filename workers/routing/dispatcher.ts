import type { ActiveAlert, AlertWishes, MutedBy } from '../contract/alert-tasks.ts';
import type { Alert, Notification, NotifyGroup, Route, RoutedReceiver, Routing } from '../contract/alerts.ts';
import { AlertGroup } from './alert-group.ts';
import { flush } from './flush.ts';
import { Inhibitor } from './inhibitor.ts';
import { groupKey, groupLabels, RouteTree } from './route-tree.ts';
import { RoutedAlert } from './routed-alert.ts';
import { Silencer } from './silencer.ts';
import { inIntervals } from './time-intervals.ts';

export interface DispatcherOptions {
  /** Where the dashboard is, for links; '' when there is none. */
  readonly externalUrl: string;
}

/** Why an alert is not told for reasons of its own, a paused queue's name; null when there is none. */
export type Maintenance = (alert: Alert) => string | null;

export interface DispatchResult {
  /** New, or other than before. */
  readonly groups: readonly NotifyGroup[];
  readonly forgottenGroups: readonly string[];
  readonly notifications: readonly Notification[];
  /** Of the alerts given, those that are pending or fire. */
  readonly active: readonly ActiveAlert[];
  /** Ids of resolved alerts whose end is still to be told, so that they must be given again. */
  readonly untold: ReadonlySet<string>;
  /** When the next group is looked at, milliseconds since 1970; 0 when none is. */
  readonly nextFlushMs: number;
}

interface Mutes {
  ofAlert(alert: Alert): MutedBy | null;
  ofRoute(route: Route): MutedBy | null;
}

/**
 * Alertmanager's dispatcher, inhibition, silences, time intervals and notification log as one step from state to state: the
 * same live, in backtests and in unit tests. After a failed commit it must be made anew of what was kept.
 */
export class Dispatcher {
  readonly #routing: Routing;
  readonly #externalUrl: string;
  readonly #tree: RouteTree;
  readonly #inhibitor: Inhibitor;
  readonly #silencer = new Silencer();
  readonly #receivers: ReadonlyMap<string, RoutedReceiver>;
  readonly #groups = new Map<string, AlertGroup>();
  readonly #alerts = new Map<string, RoutedAlert>();
  #forgotten: string[] = [];
  #step = 0;
  #lastMs = Number.POSITIVE_INFINITY;

  /** @throws Error for a regular expression of the routing that RE2 refuses */
  constructor(routing: Routing, keptGroups: readonly NotifyGroup[], options: DispatcherOptions) {
    this.#routing = routing;
    this.#externalUrl = options.externalUrl;
    this.#tree = new RouteTree(routing.route);
    this.#inhibitor = new Inhibitor(routing.inhibitRules);
    this.#receivers = new Map(routing.receivers.map((receiver) => [receiver.name, receiver]));
    for (const kept of keptGroups) {
      const route = this.#tree.withKey(kept.routeKey);
      if (route) this.#groups.set(kept.key, AlertGroup.restored(kept, route));
      else this.#forgotten.push(kept.key);
    }
  }

  /**
   * One evaluation: all alerts that are pending, fire, or have ended lately. Of several episodes of a fingerprint the newest
   * counts.
   */
  step(
    alerts: readonly Alert[],
    timeMs: number,
    wishes: AlertWishes,
    maintenance: Maintenance,
  ): DispatchResult {
    this.#step++;
    this.#silencer.update(wishes.silences);
    if (timeMs < this.#lastMs) for (const group of this.#groups.values()) group.catchUp(timeMs);
    this.#lastMs = timeMs;
    this.#take(alerts, timeMs);
    const mutes = this.#mutes(timeMs, maintenance);
    const notifications: Notification[] = [];
    let nextFlushMs = 0;
    for (const group of this.#groups.values()) {
      if (group.nextFlushMs > 0 && group.nextFlushMs <= timeMs)
        notifications.push(...this.#flush(group, timeMs, wishes, mutes));
      if (group.isOver(timeMs)) this.#forget(group);
      else if (group.nextFlushMs > 0 && (nextFlushMs === 0 || group.nextFlushMs < nextFlushMs))
        nextFlushMs = group.nextFlushMs;
    }
    const active = alerts
      .filter(({ state }) => state !== 'resolved')
      .map((alert) => this.#activeOf(alert, timeMs, mutes));
    return { ...this.#takeChanges(), notifications, active, untold: this.#untold(), nextFlushMs };
  }

  /** Sorts the alerts into their groups; those that are no longer given leave them. */
  #take(alerts: readonly Alert[], timeMs: number): void {
    this.#inhibitor.forgetSources();
    for (const alert of alerts) {
      const { fingerprint, labels } = alert;
      let routed = this.#alerts.get(fingerprint);
      if (!routed?.isOf(labels)) {
        routed?.leave(fingerprint);
        routed = new RoutedAlert(labels, this.#tree, this.#inhibitor);
        this.#alerts.set(fingerprint, routed);
      }
      routed.take(alert, this.#step);
    }
    for (const [fingerprint, routed] of this.#alerts) {
      if (routed.step !== this.#step) {
        routed.leave(fingerprint);
        this.#alerts.delete(fingerprint);
      } else if (routed.alert !== null) {
        const { alert } = routed;
        if (alert.state === 'firing') this.#inhibitor.addSource(alert, routed.roles);
        if (!routed.isGrouped(alert)) routed.join(this.#groupsOf(routed, alert), alert);
        for (const group of routed.groups) group.observe(alert, timeMs);
      }
    }
  }

  /** An alert that fires begins groups; one that has ended only matters to those that know it. */
  #groupsOf({ routes }: RoutedAlert, { labels, state }: Alert): AlertGroup[] {
    const groups: AlertGroup[] = [];
    for (const route of routes) {
      const own = groupLabels(route, labels);
      const key = groupKey(route, own);
      let group = this.#groups.get(key);
      if (group === undefined && state === 'firing') {
        group = new AlertGroup(key, route, own);
        this.#groups.set(key, group);
      }
      if (group) groups.push(group);
    }
    return groups;
  }

  #flush(group: AlertGroup, timeMs: number, wishes: AlertWishes, mutes: Mutes): Notification[] {
    const { receiver: name } = group.route;
    return flush(group, {
      timeMs,
      externalUrl: this.#externalUrl,
      receiver: this.#receivers.get(name) ?? { name, integrations: [] },
      mutedBy: (alert) => mutes.ofRoute(group.route) ?? mutes.ofAlert(alert),
      isAcknowledged: ({ id }) => Object.hasOwn(wishes.acknowledgements, id),
    });
  }

  /** Why alerts and routes are mute in this evaluation; each is found once, when it is asked for. */
  #mutes(timeMs: number, maintenance: Maintenance): Mutes {
    const routes = new Map<Route, MutedBy | null>();
    return {
      ofAlert: (alert) =>
        this.#alerts
          .get(alert.fingerprint)!
          .mutedBy(timeMs, this.#silencer, this.#inhibitor, () => maintenance(alert)),
      ofRoute: (route) => {
        let muted = routes.get(route);
        if (muted === undefined) {
          muted = this.#timeMute(route, timeMs);
          routes.set(route, muted);
        }
        return muted;
      },
    };
  }

  #timeMute({ muteTimeIntervals, activeTimeIntervals }: Route, timeMs: number): MutedBy | null {
    const { timeIntervals } = this.#routing;
    const isNow = (name: string) => inIntervals(timeIntervals[name] ?? [], timeMs);
    const muting = muteTimeIntervals.find(isNow);
    if (muting !== undefined) return { by: 'time', id: muting };
    const isActive = activeTimeIntervals.length === 0 || activeTimeIntervals.some(isNow);
    return isActive ? null : { by: 'time', id: activeTimeIntervals.join(', ') };
  }

  #activeOf(alert: Alert, timeMs: number, mutes: Mutes): ActiveAlert {
    const { routes, groups } = this.#alerts.get(alert.fingerprint)!;
    const byTime = routes.map(mutes.ofRoute);
    return {
      alert,
      mutedBy: mutes.ofAlert(alert) ?? (byTime.includes(null) ? null : byTime[0]!),
      receivers: [...new Set(routes.map(({ receiver }) => receiver))],
      isFlapping: groups.some((group) => group.isFlapping(alert.fingerprint, timeMs)),
    };
  }

  #forget(group: AlertGroup): void {
    for (const fingerprint of group.members.keys()) this.#alerts.get(fingerprint)!.drop(group);
    this.#groups.delete(group.key);
    this.#forgotten.push(group.key);
  }

  #takeChanges(): { groups: NotifyGroup[]; forgottenGroups: string[] } {
    const groups: NotifyGroup[] = [];
    for (const group of this.#groups.values()) {
      if (!group.isChanged) continue;
      group.isChanged = false;
      groups.push(group.toKept());
    }
    const forgottenGroups = this.#forgotten;
    this.#forgotten = [];
    return { groups, forgottenGroups };
  }

  #untold(): Set<string> {
    const untold = new Set<string>();
    for (const [fingerprint, { alert, groups }] of this.#alerts) {
      if (alert?.state === 'resolved' && groups.some(({ told }) => told.has(fingerprint)))
        untold.add(alert.id);
    }
    return untold;
  }
}
