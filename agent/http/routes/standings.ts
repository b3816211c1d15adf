import type { FastifyInstance } from 'fastify';
import type { NewestFields, QueueName } from '../../../workers/contract/standings.ts';
import { QueryError } from '../query-error.ts';
import type { Schema } from '../schema-check.ts';
import {
  cursorOf,
  flag,
  isoTime,
  limitOf,
  listOf,
  number,
  objectOf,
  orNull,
  pageOf,
  queryOf,
  text,
  textOf,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

/** Fields of the measurements, as answers name them. */
const names = {
  process:
    'cpuUsagePercent memoryRssBytes memoryUsagePercent threads openFds children uptimeSeconds restartsTotal pid',
  runtime:
    'eventloopDelayP50Ms eventloopDelayP99Ms eventloopDelayMaxMs eventloopUtilizationRatio heapUsedBytes heapTotalBytes externalBytes gcPauseMs',
  queue:
    'waiting active completed failed delayed prioritized waitingChildren paused completedTotal failedTotal oldestWaitingAgeMs waitP50Ms waitP95Ms runP50Ms runP95Ms workers rateLimited overdue stalled',
  redis:
    'memoryUsedBytes memoryMaxBytes evictedKeysTotal connectedClients opsPerSecond evictionSafe latencyMs',
};
const known = orNull(number);
const flags = new Set(['paused', 'rateLimited', 'evictionSafe']);
const documented = (list: string): Record<string, Schema> =>
  Object.fromEntries(list.split(' ').map((name) => [name, flags.has(name) ? orNull(flag) : known]));

const states = 'idle working overloaded no_workers paused rate_limited overdue stalled unknown'.split(' ');

const processesSchema = {
  summary: 'The watched processes and the services that tell of themselves, by name: their newest numbers',
  tags: ['monitoring'],
  querystring: queryOf({ limit: limitOf(100, 500), before: cursorOf() }),
  response: {
    200: pageOf(
      objectOf({
        timestamp: isoTime,
        process: text,
        up: {
          ...orNull(flag),
          description: 'False when a watched process is gone; null when nobody can tell.',
        },
        ...documented(names.process),
        runtime: listOf(objectOf({ worker: text, ...documented(names.runtime) })),
      }),
    ),
  },
};

const queueProperties = {
  timestamp: isoTime,
  ...{ redis: text, prefix: text, queue: text },
  state: { ...text, enum: states, description: 'Why jobs wait, as alerts name it.' },
  text: { ...text, description: 'The numbers behind the state, in words.' },
  ...documented(names.queue),
  ...{ completedPerMinute: known, failedPerMinute: known, arrivedPerMinute: known },
};
const queuesSchema = {
  summary:
    'The queues, by name: their newest numbers and why jobs wait; beside them the Redis that hold them',
  tags: ['monitoring'],
  querystring: queryOf({
    limit: limitOf(100, 1000),
    before: cursorOf(),
    redis: textOf('Only of this Redis.'),
    prefix: textOf('Only with this prefix.'),
    queue: textOf('Only of this name.'),
  }),
  response: {
    200: pageOf(objectOf(queueProperties), {
      redis: listOf(objectOf({ redis: text, ...documented(names.redis) })),
    }),
  },
};

interface Page {
  readonly limit: number;
  readonly before?: string;
}

/** `/api/monitoring/processes` and `/api/monitoring/queues`: how they stand now; `next` asks for more. */
export function addStandingRoutes(app: FastifyInstance, views: HttpViews, handlerTimeout: number): void {
  const processes = { schema: processesSchema, handlerTimeout };
  app.get<{ Querystring: Page }>('/api/monitoring/processes', processes, async ({ query, signal }) => {
    const { limit, before = '' } = query;
    const { timeMs, processes } = await views.processes(signal);
    const found = processes.filter(({ process }) => process > before);
    const page = found.slice(0, limit);
    const data = page.map(({ process, up, fields, runtimes }) => ({
      ...{ timestamp: isoOf(timeMs), process, up },
      ...(fields ? shown(fields) : nothing),
      runtime: runtimes.map(({ worker, fields }) => ({ worker, ...shown(fields) })),
    }));
    const last = page.at(-1);
    return { success: true, data, ...(found.length > limit && last && { next: last.process }) };
  });

  const queues = { schema: queuesSchema, handlerTimeout };
  app.get<{ Querystring: Page & Partial<QueueName> }>(
    '/api/monitoring/queues',
    queues,
    async ({ query, signal }) => {
      const { limit, before, redis, prefix, queue } = query;
      const task = { limit, after: before === undefined ? undefined : placeOf(before) };
      const found = await views.queues(
        { ...task, only: { redis, prefix, queue } as Partial<QueueName> },
        signal,
      );
      const timestamp = isoOf(found.timeMs);
      const data = found.queues.map(({ fields, ...one }) => ({ timestamp, ...one, ...shown(fields) }));
      const last = found.queues.at(-1);
      return {
        success: true,
        data,
        ...(found.hasMore && last && { next: placeText(last) }),
        redis: found.redis.map(({ redis, fields }) => ({ redis, ...shown(fields) })),
      };
    },
  );
}

const nothing = Object.fromEntries(names.process.split(' ').map((name) => [name, null]));

/** `memory_rss_bytes` → `memoryRssBytes`; 0 and 1 of what is or is not so → false and true. */
function shown(fields: NewestFields): Record<string, number | boolean | null> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]) => {
      const name = field.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      return [name, flags.has(name) && value !== null ? value > 0 : value];
    }),
  );
}

/** A queue's place in the list as a text: JSON, because its names may hold anything. */
function placeText({ redis, prefix, queue }: QueueName): string {
  return Buffer.from(JSON.stringify([redis, prefix, queue])).toString('base64url');
}

function placeOf(before: string): QueueName {
  try {
    const parts: unknown = JSON.parse(Buffer.from(before, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 3 && parts.every((part) => typeof part === 'string')) {
      const [redis, prefix, queue] = parts as [string, string, string];
      return { redis, prefix, queue };
    }
  } catch {
    // Not a text of ours.
  }
  throw new QueryError('before: expected the `next` of an earlier answer');
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
