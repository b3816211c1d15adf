import { useEffect, useState } from 'preact/hooks';
import type { Snapshot } from '../../snapshot-shape.ts';
import { checkSession } from './api.ts';

/** `off`: nobody is logged in, or the tab has been hidden for a while. */
export type LiveState = 'off' | 'connecting' | 'live' | 'reconnecting';

/**
 * What the agent says by itself. `back`: it is heard again after a while without, or more was missed than the stream
 * has, so history is to be asked.
 */
export type LiveEvent = 'alerts' | 'ready' | 'back';

/** Without a word for so long the connection is taken for dead, however open it looks. */
const silentMs = 30_000;
const retryMs = { least: 500, most: 10_000 };
const hiddenMs = 60_000;

let source: EventSource | undefined;
let isWanted = false;
let state: LiveState = 'off';
let snapshot: Snapshot | null = null;
let aheadMs = 0;
let heardMs = 0;
let waitMs = retryMs.least;
let wasLost = false;
let retry: number | undefined;
let watch: number | undefined;
let hide: number | undefined;
const counts: Record<LiveEvent, number> = { alerts: 0, ready: 0, back: 0 };
const followers = new Set<() => void>();
const tickListeners = new Set<(snapshot: Snapshot, timeMs: number) => void>();

/** Opens the one stream of the page. It comes back by itself until `stopLive`. */
export function startLive(): void {
  if (isWanted) return;
  isWanted = true;
  document.addEventListener('visibilitychange', onVisibility);
  open();
}

export function stopLive(): void {
  isWanted = false;
  document.removeEventListener('visibilitychange', onVisibility);
  close('off');
}

function open(): void {
  close(wasLost ? 'reconnecting' : 'connecting');
  heardMs = Date.now();
  source = new EventSource('/api/monitoring/stream');
  source.addEventListener('open', heard);
  source.addEventListener('error', onError);
  source.addEventListener('snapshot', (event) => {
    heard();
    onSnapshot(JSON.parse(event.data as string) as Snapshot);
  });
  for (const name of ['alerts', 'ready'] as const) source.addEventListener(name, () => said(name));
  source.addEventListener('gap', () => said('back'));
  watch = window.setInterval(() => {
    if (Date.now() - heardMs > silentMs) onError();
  }, 5000);
}

function close(next: LiveState): void {
  source?.close();
  source = undefined;
  clearTimeout(retry);
  clearInterval(watch);
  setState(next);
}

function heard(): void {
  heardMs = Date.now();
  waitMs = retryMs.least;
  setState('live');
  if (!wasLost) return;
  wasLost = false;
  said('back');
}

/** The browser would try again by itself after a broken connection, but not after a refusal such as 401 or 503. */
function onError(): void {
  // A stream ends now and then, to begin again at once: that is no news.
  close(wasLost ? 'reconnecting' : 'connecting');
  wasLost = true;
  void checkSession();
  retry = window.setTimeout(open, waitMs);
  waitMs = Math.min(waitMs * 2, retryMs.most);
}

function onSnapshot(next: Snapshot): void {
  const timeMs = Date.parse(next.timestamp);
  // Another clock than ours may be the agent's; what is less than the way here is none.
  const differenceMs = timeMs - Date.now();
  aheadMs = Math.abs(differenceMs) > 5000 ? differenceMs : 0;
  snapshot = next;
  if (document.hidden) return;
  for (const listener of tickListeners) listener(next, timeMs);
  changed();
}

function onVisibility(): void {
  clearTimeout(hide);
  if (document.hidden) {
    hide = window.setTimeout(() => {
      wasLost = true;
      close('off');
    }, hiddenMs);
  } else if (!source) {
    open();
  }
}

function said(name: LiveEvent): void {
  counts[name]++;
  changed();
}

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  changed();
}

function changed(): void {
  for (const follow of followers) follow();
}

/** The time on the agent's clock. */
export function agentNow(): number {
  return Date.now() + aheadMs;
}

/** Calls back at every tick that is seen; the answer ends that. */
export function onTick(listener: (snapshot: Snapshot, timeMs: number) => void): () => void {
  tickListeners.add(listener);
  return () => {
    tickListeners.delete(listener);
  };
}

/** Calls back whenever one of these happens; the answer ends that. */
export function onEvents(names: readonly LiveEvent[], listener: () => void): () => void {
  const sum = () => names.reduce((total, name) => total + counts[name], 0);
  let before = sum();
  const follow = () => {
    const now = sum();
    if (now === before) return;
    before = now;
    listener();
  };
  followers.add(follow);
  return () => {
    followers.delete(follow);
  };
}

function useLive<T>(read: () => T): T {
  const [value, setValue] = useState(read);
  useEffect(() => {
    const follow = () => setValue(read);
    followers.add(follow);
    follow();
    return () => {
      followers.delete(follow);
    };
  }, []);
  return value;
}

/** The newest snapshot; null before the first. */
export function useSnapshot(): Snapshot | null {
  return useLive(() => snapshot);
}

export function useLiveState(): LiveState {
  return useLive(() => state);
}

/** How often that happened: to be a dependency. `useData` has `on` for asking again. */
export function useEventCount(name: LiveEvent): number {
  return useLive(() => counts[name]);
}
