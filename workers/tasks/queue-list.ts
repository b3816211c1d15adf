import { queueStanding } from '../cause/queue-cause.ts';
import { QueueStates } from '../cause/queue-state.ts';
import { joined } from '../cause/wording.ts';
import type {
  NewestFields,
  QueueName,
  QueueStanding,
  QueueStandings,
  QueuesTask,
} from '../contract/standings.ts';
import { fieldsOf } from '../point/catalogue.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import { RecentRows, type TaggedColumns } from './recent-rows.ts';

const totals: readonly string[] = ['completed_total', 'failed_total'];
/** Read every 10 s, all in one tick. */
const slowFields: readonly string[] = [
  ...['oldest_waiting_age_ms', 'wait_p50_ms', 'wait_p95_ms', 'run_p50_ms', 'run_p95_ms'],
  ...['workers', 'rate_limited', 'overdue', 'stalled'],
];
const quickFields: readonly string[] = fieldsOf('queue').filter(
  (field) => !slowFields.includes(field) && !totals.includes(field),
);
const redisFields: readonly string[] = fieldsOf('redis');
/** A reading that comes too late for its tick does not make a queue look gone. */
const graceRows = 3;

/** How queues and their Redis stand now, by name. What a Redis that is away would tell is not known. */
export function listQueues(ring: RingReader, { limit, after, only = {} }: QueuesTask): QueueStandings {
  const recent = new RecentRows(ring);
  const states = new QueueStates(ring, recent.timeMs);
  const redis = recent.tagSets('redis').map((set) => {
    const name = set.tags.redis ?? '';
    const isDown = recent.isDown(`queues/${name}`);
    return { name, set, isDown };
  });
  const down = new Set(redis.filter(({ isDown }) => isDown).map(({ name }) => name));
  const wanted = recent
    .tagSets('queue')
    .map((set) => ({ set, name: nameOf(set) }))
    .filter(({ name }) => isOf(name, only) && (!after || compare(name, after) > 0))
    .sort((a, b) => compare(a.name, b.name));
  const queues: QueueStanding[] = [];
  let hasMore = false;
  for (const { set, name } of wanted) {
    const isDown = down.has(name.redis);
    const fields = isDown ? noFields : queueFields(recent, set);
    // It is not there any more.
    if (!fields) continue;
    if (queues.length === limit) {
      hasMore = true;
      break;
    }
    queues.push({ ...name, fields, ...standingOf(states, set, isDown) });
  }
  return {
    timeMs: recent.timeMs,
    queues,
    hasMore,
    redis: redis.map(({ name, set, isDown }) => {
      return { redis: name, fields: (!isDown && recent.newest(set, redisFields)) || noRedisFields };
    }),
  };
}

const noFields = nothingOf(fieldsOf('queue'));
const noRedisFields = nothingOf(redisFields);

function nothingOf(fields: readonly string[]): NewestFields {
  return Object.fromEntries(fields.map((field) => [field, null]));
}

function queueFields(recent: RecentRows, set: TaggedColumns): NewestFields | undefined {
  const quick = recent.newest(set, quickFields, graceRows);
  if (!quick || quick.waiting === null) return undefined;
  const slow = recent.newest(set, slowFields) ?? nothingOf(slowFields);
  return { ...quick, ...slow, ...recent.latest(set, totals) };
}

function standingOf(states: QueueStates, { tags }: TaggedColumns, isDown: boolean) {
  const state = isDown ? undefined : states.find(tags);
  if (!state) {
    const text = isDown ? 'Its Redis cannot be read now.' : 'Nothing is known of it now.';
    return {
      ...{ completedPerMinute: null, failedPerMinute: null, arrivedPerMinute: null },
      ...{ state: 'unknown' as const, text },
    };
  }
  const { kind, sentences } = queueStanding(state);
  return {
    completedPerMinute: perMinute(state.finishedRate - state.failedRate),
    failedPerMinute: perMinute(state.failedRate),
    arrivedPerMinute: perMinute(state.arrivalRate),
    state: kind,
    text: joined(sentences),
  };
}

function perMinute(perSecond: number): number | null {
  return Number.isNaN(perSecond) ? null : Math.round(perSecond * 6000) / 100;
}

function nameOf({ tags }: TaggedColumns): QueueName {
  return { redis: tags.redis ?? '', prefix: tags.prefix ?? '', queue: tags.queue ?? '' };
}

function isOf(name: QueueName, only: Partial<QueueName>): boolean {
  return (['redis', 'prefix', 'queue'] as const).every((part) => (only[part] ?? name[part]) === name[part]);
}

function compare(a: QueueName, b: QueueName): number {
  for (const part of ['redis', 'prefix', 'queue'] as const) {
    if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  }
  return 0;
}
