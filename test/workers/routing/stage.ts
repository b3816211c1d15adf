import type { AlertWishes } from '../../../workers/contract/alert-tasks.ts';
import type {
  Alert,
  LabelSet,
  Notification,
  NotifyGroup,
  Route,
  Routing,
} from '../../../workers/contract/alerts.ts';
import { Dispatcher, type DispatchResult, type Maintenance } from '../../../workers/routing/dispatcher.ts';

export const rootRoute: Route = {
  key: '{}',
  receiver: 'team',
  groupBy: ['alertname'],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 4 * 3_600_000,
  matchers: [],
  continues: false,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  routes: [],
};

export function routing(route: Partial<Route> = {}, more: Partial<Routing> = {}): Routing {
  return {
    route: { ...rootRoute, ...route },
    receivers: [{ name: 'team', integrations: [{ key: 'webhook/0', sendResolved: true }] }],
    inhibitRules: [],
    timeIntervals: {},
    ...more,
  };
}

/** The only way out of `routing()`. */
export const way = 'team/webhook/0';
export const noWishes: AlertWishes = { silences: [], acknowledgements: {} };
/** A Monday, midnight UTC. */
export const startMs = Date.UTC(2024, 0, 1);

/** An alert of a timeline: from when to when it fires, in seconds after the start. */
export interface Episode {
  readonly name: string;
  readonly labels?: LabelSet;
  readonly from: number;
  readonly to?: number;
  readonly change?: Partial<Alert>;
}

/** The alerts as rules would give them: 15 minutes of those that have ended, longer while their end is untold. */
export function alertsAt(episodes: readonly Episode[], second: number, untold: ReadonlySet<string>): Alert[] {
  const alerts: Alert[] = [];
  for (const episode of episodes) {
    const { from, to = Number.POSITIVE_INFINITY } = episode;
    if (second < from || (second >= to + 900 && untold.size === 0)) continue;
    const alert = madeOf(episode, second >= to);
    if (second < to + 900 || untold.has(alert.id)) alerts.push(alert);
  }
  return alerts;
}

const made = new WeakMap<Episode, { firing: Alert; resolved: Alert }>();

function madeOf(episode: Episode, isOver: boolean): Alert {
  let both = made.get(episode);
  if (both === undefined) {
    both = { firing: alertOf(episode, false), resolved: alertOf(episode, true) };
    made.set(episode, both);
  }
  return isOver ? both.resolved : both.firing;
}

export function alertOf({ name, labels, from, to, change }: Episode, isOver: boolean): Alert {
  const all = { alertname: name, ...labels };
  const fingerprint = Buffer.from(JSON.stringify(all)).toString('hex');
  const firedAtMs = startMs + from * 1000;
  return {
    id: `${fingerprint}-${firedAtMs.toString(36)}`,
    fingerprint,
    rule: 'rules.yml;g;r;0',
    labels: all,
    annotations: {},
    state: isOver ? 'resolved' : 'firing',
    unknownSources: [],
    unknownSinceMs: 0,
    value: 1,
    activeAtMs: firedAtMs,
    firedAtMs,
    resolvedAtMs: isOver ? startMs + (to ?? 0) * 1000 : 0,
    keepFiringSinceMs: 0,
    cause: null,
    reach: null,
    ...change,
  };
}

export interface Play {
  readonly routing: Routing;
  readonly episodes: readonly Episode[];
  readonly untilSeconds: number;
  readonly stepSeconds?: number;
  readonly wishes?: (second: number) => AlertWishes;
  readonly maintenance?: Maintenance;
  /** The dispatcher is made anew of what was kept in each of these seconds. */
  readonly restarts?: readonly number[];
}

export interface Played {
  readonly notifications: Notification[];
  /** `30 new team/webhook/0 a+ b-`: second, reason, way, alerts that fire (+), have ended (-), flap (~). */
  readonly lines: string[];
  readonly kept: Map<string, NotifyGroup>;
  readonly last: DispatchResult;
}

/** Steps through a timeline in virtual time, keeping what a store would keep. */
export function play({ routing, episodes, untilSeconds, restarts = [], ...more }: Play): Played {
  const { stepSeconds = 1, wishes = () => noWishes, maintenance = () => null } = more;
  const kept = new Map<string, NotifyGroup>();
  const notifications: Notification[] = [];
  let dispatcher = new Dispatcher(routing, [], { externalUrl: '' });
  let last: DispatchResult | undefined;
  for (let second = 0; second <= untilSeconds; second += stepSeconds) {
    if (restarts.includes(second))
      dispatcher = new Dispatcher(routing, JSON.parse(JSON.stringify([...kept.values()])), {
        externalUrl: '',
      });
    const alerts = alertsAt(episodes, second, last?.untold ?? new Set());
    last = dispatcher.step(alerts, startMs + second * 1000, wishes(second), maintenance);
    for (const group of last.groups) kept.set(group.key, group);
    for (const key of last.forgottenGroups) kept.delete(key);
    notifications.push(...last.notifications);
  }
  return { notifications, lines: notifications.map(line), kept, last: last! };
}

export function line({ createdMs, reason, receiver, integration, alerts }: Notification): string {
  const names = alerts.map(({ labels, status, annotations }) => {
    const sign = annotations.flapping ? '~' : status === 'firing' ? '+' : '-';
    return `${labels.instance ?? labels.alertname}${sign}`;
  });
  return `${(createdMs - startMs) / 1000} ${reason} ${receiver}/${integration} ${names.join(' ')}`;
}

/** An episode of the alert `a`. */
export function one(from: number, to?: number): Episode {
  return { name: 'a', from, ...(to !== undefined && { to }) };
}

/** Another alert of its group, without times. */
export const two = { name: 'a', labels: { instance: 'two' } };
