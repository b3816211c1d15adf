import { getJson, promInstant } from '../api.ts';
import type { TimeRange } from '../time-range.ts';
import { promWindow } from './view-range.ts';

export interface QueueName {
  readonly redis: string;
  readonly prefix: string;
  readonly queue: string;
}

/** Fields of a measurement, as the monitoring API names them; 0 and 1 of what is or is not so. Unknown: missing or null. */
export type Fields = Readonly<Record<string, number | null | undefined>>;

/** A queue as the table shows it. */
export interface QueueRow extends QueueName {
  /** Now, or at the end of a past range. */
  readonly fields: Fields;
  /** Why its jobs wait, and sentences with the numbers behind that; undefined in the past. */
  readonly state?: string;
  readonly text?: string;
  /** Over the range. */
  readonly mostWaiting: number | null;
  readonly completed: number | null;
  readonly failed: number | null;
}

export interface RedisRow {
  readonly redis: string;
  readonly fields: Fields;
}

export interface Queues {
  readonly queues: readonly QueueRow[];
  readonly redis: readonly RedisRow[];
}

interface LiveQueue extends QueueName {
  readonly state?: string;
  readonly text?: string;
  readonly [field: string]: unknown;
}

interface LivePage {
  readonly data: readonly LiveQueue[];
  readonly redis?: readonly { readonly redis: string; readonly [field: string]: unknown }[];
  readonly next?: string;
}

const mostQueues = 1000;

/** Every queue and Redis: how it stands now, or stood at the end of a past range, and what it did over the range. */
export async function askQueues(range: TimeRange, signal: AbortSignal): Promise<Queues> {
  const isPast = range.kind === 'fixed';
  const atMs = isPast ? range.toMs : undefined;
  const window = promWindow(range);
  const by = 'by (redis, prefix, queue)';
  const [standing, most, completed, failed] = await Promise.all([
    isPast ? askThen(range.toMs, signal) : askNow(signal),
    promInstant(`max ${by} (max_over_time(queue_waiting${window}))`, atMs, signal),
    promInstant(`sum ${by} (increase(queue_completed_total${window}))`, atMs, signal),
    promInstant(`sum ${by} (increase(queue_failed_total${window}))`, atMs, signal),
  ]);
  const [mostOf, completedOf, failedOf] = [most, completed, failed].map(byQueue);
  return {
    redis: standing.redis,
    queues: standing.queues.map((queue) => ({
      ...queue,
      mostWaiting: mostOf!.get(keyOfQueue(queue)) ?? null,
      completed: roundedOrNull(completedOf!.get(keyOfQueue(queue))),
      failed: roundedOrNull(failedOf!.get(keyOfQueue(queue))),
    })),
  };
}

export function keyOfQueue({ redis, prefix, queue }: QueueName): string {
  return JSON.stringify([redis, prefix, queue]);
}

interface Standing {
  readonly queues: readonly Pick<QueueRow, keyof QueueName | 'fields' | 'state' | 'text'>[];
  readonly redis: readonly RedisRow[];
}

async function askNow(signal: AbortSignal): Promise<Standing> {
  const queues: LiveQueue[] = [];
  let redis: LivePage['redis'];
  let before: string | undefined;
  do {
    const page: LivePage = await getJson<LivePage>('/api/monitoring/queues', { limit: 500, before }, signal);
    queues.push(...page.data);
    redis ??= page.redis;
    before = page.next;
  } while (before !== undefined && queues.length < mostQueues);
  return {
    queues: queues.map((queue) => ({ ...queue, fields: numbersOf(queue) })),
    redis: (redis ?? []).map((one) => ({ redis: one.redis, fields: numbersOf(one) })),
  };
}

/** As the stored past has it. */
async function askThen(atMs: number, signal: AbortSignal): Promise<Standing> {
  const found = await promInstant('{__name__=~"(queue|redis)_.+"}', atMs, signal);
  const queues = new Map<string, { name: QueueName; fields: Record<string, number | null> }>();
  const servers = new Map<string, Record<string, number | null>>();
  for (const { labels, value } of found) {
    const { __name__: metric = '', redis = '', prefix = '', queue = '' } = labels;
    if (metric.startsWith('redis_')) {
      const fields = servers.get(redis) ?? {};
      fields[camelCase(metric.slice('redis_'.length))] = value;
      servers.set(redis, fields);
      continue;
    }
    const name = { redis, prefix, queue };
    const known = queues.get(keyOfQueue(name)) ?? { name, fields: {} };
    known.fields[camelCase(metric.slice('queue_'.length))] = value;
    queues.set(keyOfQueue(name), known);
  }
  return {
    queues: [...queues.values()].map(({ name, fields }) => ({ ...name, fields })),
    redis: [...servers].map(([redis, fields]) => ({ redis, fields })),
  };
}

function numbersOf(row: Readonly<Record<string, unknown>>): Fields {
  const fields: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === 'boolean') fields[name] = Number(value);
    else if (typeof value === 'number' || value === null) fields[name] = value;
  }
  return fields;
}

function camelCase(field: string): string {
  return field.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function byQueue(
  found: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number | null }[],
): ReadonlyMap<string, number | null> {
  return new Map(
    found.map(({ labels: { redis = '', prefix = '', queue = '' }, value }) => [
      keyOfQueue({ redis, prefix, queue }),
      value,
    ]),
  );
}

/** What `increase()` reckons between samples is no whole number; jobs are. */
function roundedOrNull(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value);
}
