import { type catalogue, fieldsOf } from '../../../workers/point/catalogue.ts';
import { layoutText, type PointKey } from '../../../workers/point/point.ts';

export const maxQueues = 2_000;

export interface QueueId {
  readonly prefix: string;
  readonly name: string;
}

/** Jobs of one outcome, counted past a watermark. */
export interface Tally {
  /** Jobs with a later finishing time are not counted yet; NaN before the first look. Milliseconds since 1970. */
  watermarkMs: number;
  counted: number;
  /** Whether Redis was ever seen to keep such jobs: when it keeps none, nothing can be counted. */
  kept: boolean;
  /** Whether some lay at or before the watermark when it was set. */
  settled: boolean;
  /** Whether jobs were seen to be removed before they could be counted. */
  outrun: boolean;
}

/** A queue that is read, and what is remembered of it from one reading to the next. */
export interface WatchedQueue extends QueueId {
  /** What its keys begin with: `<prefix>:<name>:`. */
  readonly keyBase: string;
  completed: Tally;
  failed: Tally;
  /** The most jobs that were seen active at once: so many its workers can take. */
  mostActive: number;
}

type QueueField = keyof typeof catalogue.queue.fields;
type RedisField = keyof typeof catalogue.redis.fields;

const queueFields = fieldsOf('queue');
const redisFields = fieldsOf('redis');

/** Index of each field among the values of its point. */
export const queueField = indexOf<QueueField>(queueFields);
export const redisField = indexOf<RedisField>(redisFields);

/** The queues in the order of their points, then the Redis: layout and room for the values. */
export class QueueTable {
  readonly queues: readonly WatchedQueue[];
  /** Queues beyond the limit, which are not read. */
  readonly leftOut: number;
  readonly layout: string;

  /** Queues that `before` holds too keep what is remembered of them. */
  constructor(redis: string, ids: readonly QueueId[], before?: QueueTable) {
    const known = new Map(before?.queues.map((queue) => [queue.keyBase, queue]));
    const unique = new Map(ids.map((id) => [keyBaseOf(id), id]));
    const sorted = [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    this.leftOut = Math.max(0, sorted.length - maxQueues);
    this.queues = sorted
      .slice(0, maxQueues)
      .map(([keyBase, id]) => known.get(keyBase) ?? watched(keyBase, id));
    const points: PointKey[] = this.queues.map(({ prefix, name }) => ({
      measurement: 'queue',
      tags: { redis, prefix, queue: name },
      fields: queueFields,
    }));
    points.push({ measurement: 'redis', tags: { redis }, fields: redisFields });
    this.layout = layoutText(points);
  }

  /** Room for one reading, with nothing known. */
  emptyValues(): Float64Array {
    return new Float64Array(this.redisOffset + redisFields.length).fill(Number.NaN);
  }

  /** Index of the first value of queue `i`. */
  offset(i: number): number {
    return i * queueFields.length;
  }

  get redisOffset(): number {
    return this.offset(this.queues.length);
  }
}

export function forget(queue: WatchedQueue): void {
  queue.completed = freshTally();
  queue.failed = freshTally();
  queue.mostActive = 0;
}

function watched(keyBase: string, { prefix, name }: QueueId): WatchedQueue {
  return { prefix, name, keyBase, completed: freshTally(), failed: freshTally(), mostActive: 0 };
}

function freshTally(): Tally {
  return { watermarkMs: Number.NaN, counted: 0, kept: false, settled: false, outrun: false };
}

function keyBaseOf({ prefix, name }: QueueId): string {
  return `${prefix}:${name}:`;
}

function indexOf<Name extends string>(names: readonly string[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, i) => [name, i])) as Record<Name, number>;
}
