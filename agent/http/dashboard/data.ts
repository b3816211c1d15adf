import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api.ts';
import { type LiveEvent, onEvents } from './live.ts';

export interface Loaded<T> {
  /** The newest there is; what was before while new comes. */
  readonly data: T | undefined;
  /** Why the newest could not be had. */
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** `data` is of other dependencies, or newer could not be had. */
  readonly stale: boolean;
  /** Asks again at once. */
  readonly reload: () => void;
}

export interface DataOptions {
  /** Asks again by itself that long after an answer; then also when the agent is back. */
  readonly everyMs?: number | undefined;
  /** Asks again when the agent says so. */
  readonly on?: readonly LiveEvent[];
}

type State<T> = Omit<Loaded<T>, 'reload'>;

const nothingYet = { data: undefined, error: undefined, isLoading: true, stale: false } as const;

/**
 * Asks `load` whenever `deps` change (compared one by one), and by itself as `options` say. What is under way for
 * older dependencies is aborted; a hidden tab asks nothing, and asks at once what was due when it is seen again.
 */
export function useData<T>(
  load: (signal: AbortSignal) => Promise<T>,
  deps: readonly unknown[],
  { everyMs, on = [] }: DataOptions = {},
): Loaded<T> {
  const [state, setState] = useState<State<T>>(nothingYet);
  const newestLoad = useRef(load);
  newestLoad.current = load;
  const reload = useRef(() => {});
  const events = everyMs === undefined ? on : [...on, 'back' as const];
  useEffect(() => {
    setState((before) => (before.data === undefined || before.stale ? before : { ...before, stale: true }));
    const asker = new Asker((signal) => newestLoad.current(signal), everyMs, setState);
    reload.current = () => asker.ask();
    const unfollow = onEvents(events, () => asker.ask());
    asker.ask();
    return () => {
      unfollow();
      asker.end();
    };
  }, [...deps, everyMs, events.join()]);
  return { ...state, reload: () => reload.current() };
}

/** Of one set of dependencies: one question at a time, and one more when it was asked for meanwhile. */
class Asker<T> {
  readonly #load: (signal: AbortSignal) => Promise<T>;
  readonly #everyMs: number | undefined;
  readonly #show: (change: (before: State<T>) => State<T>) => void;
  readonly #aborter = new AbortController();
  #timer: number | undefined;
  #isAsking = false;
  #isDue = false;

  constructor(
    load: (signal: AbortSignal) => Promise<T>,
    everyMs: number | undefined,
    show: (change: (before: State<T>) => State<T>) => void,
  ) {
    this.#load = load;
    this.#everyMs = everyMs;
    this.#show = show;
    document.addEventListener('visibilitychange', this.#onVisible);
  }

  ask(): void {
    this.#isDue = true;
    if (!this.#isAsking && !document.hidden) void this.#askNow();
  }

  end(): void {
    this.#aborter.abort();
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisible);
  }

  readonly #onVisible = () => {
    if (this.#isDue) this.ask();
  };

  async #askNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isAsking = true;
    this.#isDue = false;
    const { signal } = this.#aborter;
    this.#show((before) => (before.isLoading ? before : { ...before, isLoading: true }));
    try {
      const data = await this.#load(signal);
      if (!signal.aborted) this.#show(() => ({ data, error: undefined, isLoading: false, stale: false }));
    } catch (cause) {
      const error = asApiError(cause);
      if (!signal.aborted) {
        this.#show(({ data }) => ({ data, error, isLoading: false, stale: data !== undefined }));
      }
    }
    this.#isAsking = false;
    if (signal.aborted) return;
    if (this.#isDue) this.ask();
    else if (this.#everyMs !== undefined) this.#timer = window.setTimeout(() => this.ask(), this.#everyMs);
  }
}

export function asApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  return new ApiError(0, cause instanceof Error ? cause.message : String(cause));
}
