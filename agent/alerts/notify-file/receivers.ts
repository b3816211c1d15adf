import type { Draft } from '../../config/draft.ts';
import { type Path, pathText } from '../../config/option-tree.ts';
import type { Integration } from '../notifiers/notifiers.ts';
import { integrationOptions, type NotifyOptions } from './notify-schema.ts';

/** A way out with the key that it has in notifications: `webhook/0`. */
export type KeyedIntegration = Integration & { readonly key: string };

export interface NotifyReceiver {
  readonly name: string;
  readonly integrations: readonly KeyedIntegration[];
}

type WayOut = keyof typeof integrationOptions;
const waysOut = Object.keys(integrationOptions) as WayOut[];

/** Receivers of Alertmanager that there are none of here. */
const foreign = [
  ...['discord', 'incidentio', 'jira', 'mattermost', 'msteams', 'msteamsv2', 'opsgenie', 'pushover'],
  ...['rocketchat', 'sns', 'telegram', 'victorops', 'webex', 'wechat'],
];

/** Keys of `global` that receivers take over when they have none of their own, by the receiver's key. */
const inherited: Readonly<Partial<Record<WayOut | 'heartbeat', Readonly<Record<string, string>>>>> = {
  webhook: { http_config: 'http_config' },
  slack: { http_config: 'http_config', api_url: 'slack_api_url' },
  pagerduty: { http_config: 'http_config', url: 'pagerduty_url' },
  alertmanager: { http_config: 'http_config' },
  email: {
    smarthost: 'smtp_smarthost',
    from: 'smtp_from',
    hello: 'smtp_hello',
    auth_username: 'smtp_auth_username',
    auth_password: 'smtp_auth_password',
    auth_secret: 'smtp_auth_secret',
    auth_identity: 'smtp_auth_identity',
    require_tls: 'smtp_require_tls',
    tls_config: 'smtp_tls_config',
  },
  heartbeat: { http_config: 'http_config' },
};

/** Refuses receivers that there are none of, and tells of global keys that are only theirs. */
export function refuseForeign(draft: Draft): void {
  const supported = waysOut.map((way) => `${way}_configs`).join(', ');
  for (const [path, receiver] of entriesOf(draft, ['receivers'])) {
    for (const name of foreign) {
      const key = `${name}_configs`;
      if (!Object.hasOwn(receiver, key)) continue;
      draft.refuse([...path, key], `there is no such receiver here; there are ${supported}`, 'keyPlace');
      draft.remove([...path, key]);
    }
  }
  const global = draft.get(['global']);
  for (const key of isMap(global) ? Object.keys(global) : []) {
    if (!foreign.some((name) => key.startsWith(`${name}_`))) continue;
    const { keyPlace } = draft.origin(['global', key]);
    draft.notices.push(
      `${keyPlace.text}: ${pathText(['global', key])}: has no effect: there is no such receiver here`,
    );
    draft.remove(['global', key]);
  }
}

/** Gives receivers what `global` says and they do not. Files are read before. */
export function inheritGlobals(draft: Draft): void {
  for (const [path] of entriesOf(draft, ['receivers'])) {
    for (const way of waysOut) {
      for (const [entry] of entriesOf(draft, [...path, `${way}_configs`]))
        inherit(draft, entry, inherited[way]);
    }
  }
  if (isMap(draft.get(['heartbeat']))) inherit(draft, ['heartbeat'], inherited.heartbeat);
}

function inherit(draft: Draft, path: Path, keys: Readonly<Record<string, string>> = {}): void {
  for (const [key, globalKey] of Object.entries(keys)) {
    const own = [...path, key];
    const isGiven = draft.get(own) !== undefined || draft.get([...path, `${key}_file`]) !== undefined;
    const from = ['global', globalKey];
    const value = draft.get(from);
    if (isGiven) continue;
    if (value !== undefined) draft.set(own, value, draft.origin(from));
    if (draft.gaveUp(from)) draft.giveUp(own);
  }
}

/** Maps in the list at a path, with their own paths. */
export function entriesOf(draft: Draft, path: Path): [Path, Record<string, unknown>][] {
  const list = draft.get(path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown, i) => (isMap(entry) ? [[[...path, i], entry]] : []));
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The receivers with their ways out in one list each. */
export function receiversOf({ receivers }: NotifyOptions): NotifyReceiver[] {
  return receivers.map((receiver) => ({
    name: receiver.name,
    integrations: waysOut.flatMap((type) =>
      receiver[`${type}_configs`].map(
        (options, i) => ({ key: `${type}/${i}`, type, options }) as KeyedIntegration,
      ),
    ),
  }));
}
