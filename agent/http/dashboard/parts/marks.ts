import { createContext } from 'preact';
import { type Answer, getJson } from '../api.ts';
import type { Span } from '../time-range.ts';

/** Something that happened at a time, and may be why a line turned. */
export interface Mark {
  readonly timeMs: number;
  readonly text: string;
  /** `restart`, `deploy`, `agent`, or whatever a view says. */
  readonly kind?: string;
}

/** The deploys and restarts in the range of the page. */
export const Marks = createContext<readonly Mark[]>([]);

interface MarkRow {
  readonly timestamp: string;
  readonly kind: string;
  readonly process: string | null;
  readonly text: string;
}

export async function loadMarks({ fromMs, toMs }: Span, signal: AbortSignal): Promise<readonly Mark[]> {
  const params = { since: new Date(fromMs).toISOString(), until: new Date(toMs).toISOString() };
  const { data } = await getJson<Answer<MarkRow[]>>('/api/monitoring/marks', params, signal);
  return data.map(({ timestamp, kind, text }) => ({ timeMs: Date.parse(timestamp), kind, text }));
}
