import { useEffect, useState } from 'preact/hooks';
import { defaultRange, parseRange, rangeParams, type Span, type TimeRange } from './time-range.ts';

/** All that decides what the page shows, so that a link shows the same. */
export interface Address {
  /** `overview` when the address names none. */
  readonly view: string;
  readonly range: TimeRange;
  readonly compare: Compare;
  /** What the view itself keeps there: filters, the row that is open. */
  readonly params: Readonly<Record<string, string>>;
}

/** Which earlier time charts show beside the range. */
export type Compare = 'none' | '1d' | '7d';

const compares: readonly Compare[] = ['none', '1d', '7d'];
const ownNames = ['range', 'from', 'to', 'compare'];

/** What is left out stays. Another view begins without the params of this one; null takes a param away. */
export interface AddressChange {
  readonly view?: string;
  readonly range?: TimeRange;
  readonly compare?: Compare;
  readonly params?: Readonly<Record<string, string | null>>;
}

/** `#/routes?range=6h&compare=1d&route=%2Fdeals`; anything that makes no sense is left out. */
export function parseAddress(hash: string): Address {
  const found = /^#?\/?([a-z-]*)(?:\?(.*))?$/s.exec(hash);
  const all: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(found?.[2] ?? '')) all[name] = value;
  const params = Object.fromEntries(Object.entries(all).filter(([name]) => !ownNames.includes(name)));
  return {
    view: found?.[1] || 'overview',
    range: parseRange(all) ?? defaultRange,
    compare: compares.find((one) => one === all.compare) ?? 'none',
    params,
  };
}

/** What of an address makes no sense, in words; undefined when all of it does. */
export function addressProblem(hash: string, views: readonly string[]): string | undefined {
  const [, view = '', query = ''] = /^#?\/?([^?]*)(?:\?(.*))?$/s.exec(hash) ?? [];
  if (view !== '' && !views.includes(view)) return `There is no view “${view}”.`;
  const params = Object.fromEntries(new URLSearchParams(query));
  const isAsked = params.range !== undefined || params.from !== undefined || params.to !== undefined;
  if (isAsked && !parseRange(params)) {
    const text = params.range ?? `${params.from ?? ''} to ${params.to ?? ''}`;
    return `“${text}” is no time range such as 15m, 24h or 7d.`;
  }
  const { compare = 'none' } = params;
  if (compares.some((one) => one === compare)) return undefined;
  return `“${compare}” is no earlier time: 1d and 7d are.`;
}

/** What `parseAddress` reads back. */
export function formatAddress({ view, range, compare, params }: Address): string {
  const query = new URLSearchParams(rangeParams(range));
  if (compare !== 'none') query.set('compare', compare);
  for (const name of Object.keys(params).sort()) query.set(name, params[name]!);
  // Times and paths stay readable: these characters mean nothing in a fragment's query.
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
  return `#/${view}?${text}`;
}

export function changedAddress(address: Address, change: AddressChange): Address {
  const isOther = change.view !== undefined && change.view !== address.view;
  const params: Record<string, string> = isOther ? {} : { ...address.params };
  for (const [name, value] of Object.entries(change.params ?? {})) {
    if (value === null) delete params[name];
    else params[name] = value;
  }
  return {
    view: change.view ?? address.view,
    range: change.range ?? address.range,
    compare: change.compare ?? address.compare,
    params,
  };
}

/** The address now, without following it. */
export function currentAddress(): Address {
  return parseAddress(location.hash);
}

/** A link to this page with something else in it. */
export function href(change: AddressChange): string {
  return formatAddress(changedAddress(currentAddress(), change));
}

/** Goes there; `replace` leaves no step for the back button, such as while typing a filter. */
export function navigate(change: AddressChange, { replace = false } = {}): void {
  const next = href(change);
  if (next === location.hash) return;
  if (replace) history.replaceState(history.state, '', next);
  else history.pushState(null, '', next);
  for (const listener of listeners) listener();
}

/** Shows a stretch of the past, such as one dragged over in a chart. */
export function zoomTo({ fromMs, toMs }: Span): void {
  const range = { kind: 'fixed', fromMs, toMs: Math.max(toMs, fromMs + leastZoomMs) } as const;
  history.pushState({ isZoom: true }, '', href({ range }));
  for (const listener of listeners) listener();
}

/** Back to what was shown before the zoom; of a link that was opened zoomed, to the usual range. */
export function zoomBack(): void {
  const { isZoom } = (history.state ?? {}) as { isZoom?: boolean };
  if (isZoom) history.back();
  else if (currentAddress().range.kind === 'fixed') navigate({ range: defaultRange });
}

const leastZoomMs = 10_000;
const listeners = new Set<() => void>();

/** The address, whenever it changes. */
export function useAddress(): Address {
  const [hash, setHash] = useState(() => location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    listeners.add(follow);
    window.addEventListener('hashchange', follow);
    window.addEventListener('popstate', follow);
    follow();
    return () => {
      listeners.delete(follow);
      window.removeEventListener('hashchange', follow);
      window.removeEventListener('popstate', follow);
    };
  }, []);
  return addressOf(hash);
}

/** The same object for the same text, so that it can be compared. */
function addressOf(hash: string): Address {
  if (last?.hash !== hash) last = { hash, address: parseAddress(hash) };
  return last.address;
}
let last: { readonly hash: string; readonly address: Address } | undefined;
