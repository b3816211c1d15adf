import type { Draft } from '../../config/draft.ts';
import { type Path, pathText } from '../../config/option-tree.ts';
import { nearest } from '../../spelling.ts';
import { parsePrometheusDuration } from '../../units.ts';
import { entriesOf, isMap } from './receivers.ts';

/**
 * What Alertmanager checks across keys (config/config.go): names are unique and there, the root takes every alert. Looks at
 * values of any kind, so that all mistakes of a file are told at once.
 */
export function checkNames(draft: Draft): void {
  const receivers = uniqueNames(draft, [['receivers']], 'receiver');
  const intervals = uniqueNames(draft, [['mute_time_intervals'], ['time_intervals']], 'time interval');
  const route = draft.get(['route']);
  if (!isMap(route)) return;
  checkRoot(draft, route);
  checkRoute(draft, ['route'], {
    receivers,
    intervals,
    groupIntervalMs: 300_000,
    repeatIntervalMs: 14_400_000,
  });
}

function uniqueNames(draft: Draft, lists: readonly Path[], noun: string): Set<string> {
  const names = new Set<string>();
  for (const [path, { name }] of lists.flatMap((list) => entriesOf(draft, list))) {
    if (typeof name !== 'string') continue;
    if (names.has(name)) draft.refuse([...path, 'name'], `another ${noun} is named "${name}" already`);
    names.add(name);
  }
  return names;
}

function checkRoot(draft: Draft, route: Record<string, unknown>): void {
  if (!route.receiver)
    draft.refuse(['route'], 'the first route needs a receiver: it takes every alert', 'keyPlace');
  if (route.continue === true)
    draft.refuse(['route', 'continue'], 'the first route has none beside it to continue with');
  for (const key of ['match', 'match_re', 'matchers', 'mute_time_intervals', 'active_time_intervals']) {
    const value = route[key];
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
      draft.refuse(
        ['route', key],
        'the first route takes every alert at any time; put this on one below it',
        'keyPlace',
      );
  }
}

interface Surroundings {
  readonly receivers: ReadonlySet<string>;
  readonly intervals: ReadonlySet<string>;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
}

function checkRoute(draft: Draft, path: Path, above: Surroundings): void {
  const { receivers, intervals } = above;
  checkName(draft, [...path, 'receiver'], receivers, 'receiver');
  for (const key of ['mute_time_intervals', 'active_time_intervals']) {
    const names = draft.get([...path, key]);
    if (!Array.isArray(names)) continue;
    for (const i of names.keys()) checkName(draft, [...path, key, i], intervals, 'time interval');
  }
  const duration = (key: string, otherwise: number) => {
    const text = draft.get([...path, key]);
    return (typeof text === 'string' ? parsePrometheusDuration(text) : undefined) ?? otherwise;
  };
  const groupIntervalMs = duration('group_interval', above.groupIntervalMs);
  const repeatIntervalMs = duration('repeat_interval', above.repeatIntervalMs);
  if (repeatIntervalMs < groupIntervalMs) {
    const key = draft.get([...path, 'repeat_interval']) === undefined ? 'group_interval' : 'repeat_interval';
    const own = [...path, key];
    if (draft.get(own) !== undefined)
      draft.notices.push(
        `${draft.origin(own).place.text}: ${pathText(own)}: repeat_interval is shorter than group_interval: alerts are repeated every group_interval`,
      );
  }
  for (const [child] of entriesOf(draft, [...path, 'routes']))
    checkRoute(draft, child, { receivers, intervals, groupIntervalMs, repeatIntervalMs });
}

function checkName(draft: Draft, path: Path, names: ReadonlySet<string>, noun: string): void {
  const name = draft.get(path);
  if (typeof name !== 'string' || name === '' || names.has(name)) return;
  const near = nearest(name, names);
  draft.refuse(path, `there is no ${noun} "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
}
