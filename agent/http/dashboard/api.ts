import { useEffect, useState } from 'preact/hooks';

/** `{success: true, data}` of /api/monitoring; `next` asks for what comes behind. */
export interface Answer<Data> {
  readonly success: true;
  readonly data: Data;
  readonly next?: string;
}

/** What the agent answered instead, in its own words. Status 0: it did not answer at all. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export type Params = Readonly<Record<string, string | number | undefined>>;

/** One series; `values` are null where nothing is known. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly timesMs: readonly number[];
  readonly values: readonly (number | null)[];
  /** Each value is of that long, where this is longer than what was asked for. */
  readonly stepMs?: number;
}

export interface Session {
  readonly name: string;
  readonly role: 'admin' | 'viewer';
  /** To be sent with what changes something; null for who sends a token instead of a cookie. */
  readonly csrf: string | null;
}

/** Undefined: not asked yet. Null: nobody is logged in. */
let session: Session | null | undefined;
const followers = new Set<() => void>();

export function setSession(next: Session | null): void {
  session = next;
  for (const follow of followers) follow();
}

export function useSession(): Session | null | undefined {
  const [value, setValue] = useState(session);
  useEffect(() => {
    const follow = () => setValue(session);
    followers.add(follow);
    follow();
    return () => {
      followers.delete(follow);
    };
  }, []);
  return value;
}

/** True for who may change things. */
export function useIsAdmin(): boolean {
  return useSession()?.role === 'admin';
}

/**
 * The whole body of an answer. Throws ApiError, and AbortError when `signal` ends it. An answer of 401 shows the
 * login.
 */
export async function getJson<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>(withParams(path, params), { signal: signal ?? null });
}

export async function sendJson<T = unknown>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  return ask<T>(path, {
    method,
    signal: signal ?? null,
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(session?.csrf && { 'X-CSRF-Token': session.csrf }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

/** Shows the login when nobody is logged in any more; anything else that fails here is found out elsewhere. */
export async function checkSession(): Promise<void> {
  try {
    await getJson('/api/session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) setSession(null);
  }
}

function withParams(path: string, params: Params): string {
  const text = queryOf(params).toString();
  return text === '' ? path : `${path}?${text}`;
}

function queryOf(params: Params): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query;
}

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'the agent does not answer');
  }
  const body: unknown = await response.json().catch(() => undefined);
  // Nobody is logged in any more; asking for the session itself is how that is found out.
  if (response.status === 401 && url !== '/api/session') setSession(null);
  // `/ready` answers 503 with a report.
  if (response.ok || (url === '/ready' && body !== undefined)) return body as T;
  const { message, error } = (body ?? {}) as { message?: string; error?: string };
  throw new ApiError(response.status, message ?? error ?? `the agent answered ${response.status}`);
}

interface PromAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** So much of a URL the agent surely takes. An expression with a name of 10 KB in it is sent as a form. */
const mostUrlChars = 4000;

function askProm(path: string, params: Params, signal: AbortSignal | undefined): Promise<PromAnswer> {
  const form = queryOf(params);
  if (form.toString().length <= mostUrlChars) return getJson(path, params, signal);
  const headers: HeadersInit = session?.csrf ? { 'X-CSRF-Token': session.csrf } : {};
  return ask(path, { method: 'POST', signal: signal ?? null, headers, body: form });
}

/** PromQL over `fromMs` to `toMs`, a value every `stepMs`; steps without one are null. */
export async function promRange(
  expr: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  stepMs: number,
  signal?: AbortSignal,
): Promise<Series[]> {
  const params = { query: expr, start: fromMs / 1000, end: toMs / 1000, step: stepMs / 1000 };
  const { data } = await askProm('/api/v1/query_range', params, signal);
  return data.result.map(({ metric, values = [] }) => onSteps(metric, values, fromMs, toMs, stepMs));
}

/** PromQL at one time; now unless told. */
export async function promInstant(
  expr: string,
  atMs?: number,
  signal?: AbortSignal,
): Promise<{ readonly labels: Readonly<Record<string, string>>; readonly value: number | null }[]> {
  const params = { query: expr, time: atMs === undefined ? undefined : atMs / 1000 };
  const { data } = await askProm('/api/v1/query', params, signal);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value?.[1]) }));
}

function onSteps(
  labels: Readonly<Record<string, string>>,
  pairs: readonly (readonly [number, string])[],
  fromMs: number,
  toMs: number,
  stepMs: number,
): Series {
  const count = Math.floor((toMs - fromMs) / stepMs) + 1;
  const timesMs = Array.from({ length: count }, (_, at) => fromMs + at * stepMs);
  const values: (number | null)[] = new Array(count).fill(null);
  for (const [seconds, text] of pairs) {
    const at = Math.round((seconds * 1000 - fromMs) / stepMs);
    if (at >= 0 && at < count) values[at] = numberOf(text);
  }
  return { labels, timesMs, values };
}

/** NaN and the infinities are no place on a chart. */
function numberOf(text: string | undefined): number | null {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) ? value : null;
}
