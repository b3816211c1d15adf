import type { InhibitRule, LabelMatcher, Route, Routing } from '../../../workers/contract/alerts.ts';
import { matchersText, parseMatchers, sortedMatchers } from '../../../workers/routing/matchers.ts';
import type { NotifyOptions } from './notify-schema.ts';
import type { NotifyReceiver } from './receivers.ts';
import { type InhibitOptions, type RouteOptions, routeOptions } from './route-schema.ts';

/** What routes without values of their own have, as Alertmanager's `DefaultRouteOpts`. */
const defaults: Inherited = {
  receiver: '',
  groupBy: [],
  groupWaitMs: 30_000,
  groupIntervalMs: 5 * 60_000,
  repeatIntervalMs: 4 * 3_600_000,
};

type Inherited = Pick<Route, 'receiver' | 'groupBy' | 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs'>;

/** Without a file: alerts are seen in the API, the log and the dashboard, and nobody is called. */
export const defaultReceivers: readonly NotifyReceiver[] = [{ name: 'log', integrations: [] }];

export function defaultRouting(): Routing {
  return routingOf(
    {
      route: routeOptions.parse({ receiver: 'log' }),
      ...{ inhibit_rules: [], time_intervals: [], mute_time_intervals: [] },
    },
    defaultReceivers,
  );
}

type RoutingOptions = Pick<
  NotifyOptions,
  'route' | 'inhibit_rules' | 'time_intervals' | 'mute_time_intervals'
>;

/** The routing of a file that is valid, with everything that is inherited filled in. */
export function routingOf(options: RoutingOptions, receivers: readonly NotifyReceiver[]): Routing {
  const intervals = [...options.mute_time_intervals, ...options.time_intervals];
  return {
    route: routeOf(options.route, defaults, '', new Set()),
    receivers: receivers.map(({ name, integrations }) => ({
      name,
      integrations: integrations.map((way) => ({ key: way.key, sendResolved: way.options.send_resolved })),
    })),
    inhibitRules: options.inhibit_rules.map(inhibitRuleOf),
    timeIntervals: Object.fromEntries(intervals.map(({ name, time_intervals: list }) => [name, list])),
  };
}

function routeOf(options: RouteOptions, above: Inherited, parentKey: string, keys: Set<string>): Route {
  const ownGroupBy = groupByOf(options.group_by);
  const own: Inherited = {
    receiver: options.receiver || above.receiver,
    groupBy: ownGroupBy === undefined ? above.groupBy : ownGroupBy,
    groupWaitMs: options.group_wait ?? above.groupWaitMs,
    groupIntervalMs: options.group_interval ?? above.groupIntervalMs,
    repeatIntervalMs: options.repeat_interval ?? above.repeatIntervalMs,
  };
  const matchers = matchersOf(options.matchers, options.match, options.match_re);
  const key = uniqueKey(parentKey && `${parentKey}/`, matchersText(matchers), keys);
  return {
    key,
    ...own,
    matchers,
    continues: options.continue,
    muteTimeIntervals: options.mute_time_intervals,
    activeTimeIntervals: options.active_time_intervals,
    routes: options.routes.map((child) => routeOf(child, own, key, keys)),
  };
}

/** An empty list inherits, as in Alertmanager; null stands for all labels. */
function groupByOf(names: readonly string[] | undefined): readonly string[] | null | undefined {
  if (names === undefined || names.length === 0) return undefined;
  return names[0] === '...' ? null : names;
}

/** Routes with the same matchers on one level would have the same key: later ones are numbered. */
function uniqueKey(prefix: string, text: string, keys: Set<string>): string {
  let key = prefix + text;
  for (let number = 2; keys.has(key); number++) key = `${prefix}${text}#${number}`;
  keys.add(key);
  return key;
}

function inhibitRuleOf(options: InhibitOptions): InhibitRule {
  return {
    sourceMatchers: matchersOf(options.source_matchers, options.source_match, options.source_match_re),
    targetMatchers: matchersOf(options.target_matchers, options.target_match, options.target_match_re),
    equal: options.equal,
  };
}

function matchersOf(
  texts: readonly string[],
  match: Readonly<Record<string, string>>,
  matchRegex: Readonly<Record<string, string>>,
): LabelMatcher[] {
  return sortedMatchers([
    ...Object.entries(match).map(([name, value]) => ({ name, op: '=', value }) as const),
    ...Object.entries(matchRegex).map(([name, value]) => ({ name, op: '=~', value }) as const),
    ...texts.flatMap((text) => parseMatchers(text)),
  ]);
}
