import { getJson } from '../api.ts';
import { type Loaded, useData } from '../data.ts';
import { spanOf, type TimeRange } from '../time-range.ts';
import { refreshMs } from './view-range.ts';

/** A group as /api/monitoring/errors gives it; times are ISO 8601. */
export interface ErrorGroup {
  readonly fingerprint: string;
  readonly process: string;
  readonly type: string;
  readonly message: string;
  /** Since it was first seen. */
  readonly count: number;
  /** Within the range asked for. */
  readonly countInRange?: number;
  readonly trend?: { readonly counts: readonly number[] };
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly isNew: boolean;
  readonly isReturned: boolean;
  readonly returned: string | null;
  readonly stack: string;
  /** Of the newest occurrence, as are `stack` and `user`; '' when not known. */
  readonly route: string;
  readonly user: string;
  readonly routes: readonly { readonly route: string; readonly count: number }[];
  /** Distinct users, estimated; 0 when no user was known. */
  readonly users: number;
}

export interface ErrorSample {
  readonly timestamp: string;
  readonly message: string;
  readonly stack: string;
  readonly route: string;
  readonly user: string;
}

interface Page {
  readonly data: readonly ErrorGroup[];
  readonly next?: string;
}

export interface Errors {
  readonly from: Loaded<Page>;
  /** Those that came within the range, the one seen last first. */
  readonly groups: readonly ErrorGroup[];
  /** More of them can be asked for. */
  readonly hasMore: boolean;
}

/** Groups of errors of a range: the newest `limit` of them. */
export function useErrors(range: TimeRange, limit: number): Errors {
  const from = useData((signal) => askGroups(range, limit, signal), [JSON.stringify(range), limit], {
    everyMs: refreshMs(range),
  });
  const groups = (from.data?.data ?? []).filter(cameInRange);
  return { from, groups, hasMore: from.data?.next !== undefined };
}

const pageSize = 100;

/** Pages, one behind the other, until there are enough. */
async function askGroups(range: TimeRange, limit: number, signal: AbortSignal): Promise<Page> {
  const { fromMs, toMs } = spanOf(range, Date.now());
  const since = new Date(fromMs).toISOString();
  const until = range.kind === 'fixed' ? new Date(toMs).toISOString() : undefined;
  const groups: ErrorGroup[] = [];
  let before: string | undefined;
  do {
    const params = { since, until, before, limit: Math.min(pageSize, limit - groups.length) };
    const page: Page = await getJson<Page>('/api/monitoring/errors', params, signal);
    groups.push(...page.data);
    before = page.next;
  } while (before !== undefined && groups.length < limit);
  return { data: groups, ...(before !== undefined && { next: before }) };
}

/** Silent within the range, though seen before and after it. */
function cameInRange({ countInRange }: ErrorGroup): boolean {
  return countInRange !== 0;
}

export function keyOfError({ process, fingerprint }: Pick<ErrorGroup, 'process' | 'fingerprint'>): string {
  return `${fingerprint} ${process}`;
}
