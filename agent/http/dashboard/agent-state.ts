import { useEffect, useState } from 'preact/hooks';
import type { ShownAlert } from '../../alert-shape.ts';
import type { ReadyReport } from '../../ready-shape.ts';
import { type Answer, type ApiError, getJson } from './api.ts';
import { asApiError } from './data.ts';
import { type LiveEvent, onEvents } from './live.ts';

/** What several parts of the page look at: asked once for all of them. */
export interface Shared<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
}

interface SharedOptions {
  readonly everyMs: number;
  readonly on: readonly LiveEvent[];
}

function shared<T>(load: () => Promise<T>, { everyMs, on }: SharedOptions) {
  let state: Shared<T> = { data: undefined, error: undefined };
  const followers = new Set<() => void>();
  let stop: (() => void) | undefined;
  let settle = () => {};
  const first = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const ask = async () => {
    if (document.hidden) return;
    try {
      state = { data: await load(), error: undefined };
    } catch (cause) {
      state = { data: state.data, error: asApiError(cause) };
    }
    settle();
    for (const follow of followers) follow();
  };
  const start = () => {
    const timer = setInterval(ask, everyMs);
    const unfollow = onEvents([...on, 'back'], ask);
    document.addEventListener('visibilitychange', ask);
    void ask();
    return () => {
      clearInterval(timer);
      unfollow();
      document.removeEventListener('visibilitychange', ask);
    };
  };
  return {
    read: () => state,
    /** Settles with the first answer or failure, once somebody looks. */
    first,
    reload: ask,
    use: (): Shared<T> => {
      const [value, setValue] = useState(state);
      useEffect(() => {
        const follow = () => setValue(state);
        followers.add(follow);
        stop ??= start();
        follow();
        return () => {
          followers.delete(follow);
          if (followers.size > 0) return;
          stop?.();
          stop = undefined;
        };
      }, []);
      return value;
    },
  };
}

const ready = shared(() => getJson<ReadyReport>('/ready'), { everyMs: 15_000, on: ['ready'] });
const openAlerts = shared(
  () => getJson<Answer<ShownAlert[]>>('/api/monitoring/alerts', { status: 'active', limit: 200 }),
  { everyMs: 30_000, on: ['alerts'] },
);

/** How every part of the agent is. */
export const useReady = ready.use;
/** What fires or is unknown, newest first; at most 200, with `next` when there are more. */
export const useOpenAlerts = openAlerts.use;
/** After something was done to an alert. */
export const reloadOpenAlerts = openAlerts.reload;

/** Between two ticks of the agent, in milliseconds; waits for the first report, and is 2 s when there is none. */
export async function readIntervalMs(): Promise<number> {
  await ready.first;
  const tick = ready.read().data?.parts.find(({ part }) => part === 'tick');
  return typeof tick?.intervalMs === 'number' ? tick.intervalMs : 2000;
}
