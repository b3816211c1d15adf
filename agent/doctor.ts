import { rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Reading } from '../workers/contract/tasks.ts';
import type { PointKey } from '../workers/point/point.ts';
import { openReader } from '../workers/store/reader.ts';
import { StoreError } from '../workers/store/store-error.ts';
import { systemClock, withDeadline } from './clock.ts';
import type { Config } from './config/schema.ts';
import { AgentError, messageOf } from './errors.ts';
import { callControl } from './http/control-client.ts';
import { listenError } from './http/listen-error.ts';
import type { Log } from './log.ts';
import { collectOnce } from './once.ts';
import { makeDataFolder } from './pipeline/data-folder.ts';
import { storePathOf } from './pipeline/store-path.ts';
import { probeInflux } from './sinks/influx/probe.ts';
import type { RedisTarget } from './sinks/redis/options.ts';
import { createIntake } from './sources/intake/intake.ts';
import type { IntakeOptions } from './sources/intake/options.ts';
import type { QueueRedis } from './sources/queues/options.ts';
import { createQueuesSource } from './sources/queues/queues.ts';
import { formatSize } from './units.ts';

/** One line of the doctor. */
export interface Finding {
  readonly part: string;
  readonly ok: boolean;
  /** What was found; when it is not ok, how to mend it. */
  readonly detail: string;
}

/** Tries every connection and permission that the configuration needs. Writes only a file of its own, and removes it. */
export async function* examine(config: Config, log: Log): AsyncGenerator<Finding> {
  yield await examineDataDir(config.agent.dataDir);
  const running = await runningAgent(config.agent.dataDir);
  yield running;
  yield examineStore(config.agent.dataDir);
  for (const { source, up, problem } of (await collectOnce({ ...config, queues: false }, { log })).sources) {
    if (source !== 'self') yield { part: source, ok: up && problem === '', detail: problem || 'readable' };
  }
  for (const queues of config.queues || []) yield* examineQueues(queues, log);
  for (const options of config.influx) {
    yield { part: `influx/${options.name}`, ...(await probeInflux(options, systemClock)) };
  }
  if (config.redis) yield await examineRedis(config.redis);
  if (config.intake && !running.detail.startsWith('runs')) yield await examineIntake(config.intake, log);
  if (config.http && !running.detail.startsWith('runs'))
    yield await examinePort(config.http.host, config.http.port);
}

async function examineDataDir(dataDir: string): Promise<Finding> {
  const part = 'data directory';
  const file = join(dataDir, `doctor-${process.pid}.tmp`);
  try {
    await makeDataFolder(dataDir);
    await writeFile(file, 'x', { mode: 0o600 });
    const { bavail, bsize } = await statfs(dataDir);
    return {
      part,
      ok: true,
      detail: `${dataDir} can be written, ${freeText(bavail * bsize)} free`,
    };
  } catch (error) {
    return {
      part,
      ok: false,
      detail: `${messageOf(error)}; set agent.dataDir or --data-dir to a folder of this user`,
    };
  } finally {
    await rm(file, { force: true }).catch(() => {});
  }
}

function examineStore(dataDir: string): Finding {
  const part = 'store';
  try {
    const reader = openReader(storePathOf(dataDir));
    try {
      const series = reader.series().length;
      const refused = reader.quarantine({ limit: 1 }).length > 0;
      const hint = refused ? '; it holds points that a destination refused: see nova-agent spool list' : '';
      return { part, ok: true, detail: `can be read, ${series} series${hint}` };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'missing')
      return { part, ok: true, detail: 'none yet, the first start begins one' };
    const hint = 'a damaged one is set aside at the next start; one of a newer version needs that version';
    return { part, ok: false, detail: `${messageOf(error)}; ${hint}` };
  }
}

async function runningAgent(dataDir: string): Promise<Finding> {
  const part = 'agent';
  try {
    const { pid, http } = (await callControl(dataDir, 'status')) as { pid: number; http: string | null };
    return { part, ok: true, detail: `runs on this data directory, pid ${pid}, ${http ?? 'without HTTP'}` };
  } catch (error) {
    if (error instanceof AgentError && error.retryable) return { part, ok: true, detail: 'not running' };
    return { part, ok: false, detail: messageOf(error) };
  }
}

/** The Redis and its queues, with BullMQ itself as the second opinion on the counts. */
async function* examineQueues(queues: QueueRedis, log: Log): AsyncGenerator<Finding> {
  const part = `queues/${queues.name}`;
  const source = createQueuesSource(queues, { clock: systemClock, log });
  const read = () => source.read({ timeMs: Date.now(), slow: true });
  try {
    const before = queueCounts(await read());
    yield { part, ok: true, detail: `${before.size} queues can be read` };
    if (source.problem() !== '') yield { part, ok: false, detail: source.problem() };
    const asked = [...before.keys()].slice(0, 5);
    if (asked.length === 0) return;
    const own = await bullmqCounts(queues.redis, asked);
    const after = queueCounts(await read());
    for (const key of asked) yield agreement(`${part}/${key}`, before.get(key), own.get(key), after.get(key));
  } catch (error) {
    const hint = 'check queues[].redis, or set queues: false when there are none';
    yield { part, ok: false, detail: `${messageOf(error)}; ${hint}` };
  } finally {
    await source.close();
  }
}

const countFields = ['waiting', 'active', 'completed', 'failed', 'delayed', 'prioritized'] as const;
type Counts = Readonly<Record<string, number>>;

/** Counts by `prefix:queue`. */
function queueCounts({ layout, values }: Reading): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  let first = 0;
  for (const { measurement, tags, fields } of JSON.parse(layout) as PointKey[]) {
    const own = countFields.map((field) => [field, values[first + fields.indexOf(field)]!] as const);
    if (measurement === 'queue' && !Number.isNaN(own[0]![1])) {
      counts.set(`${tags.prefix}:${tags.queue}`, Object.fromEntries(own));
    }
    first += fields.length;
  }
  return counts;
}

async function bullmqCounts(url: string, keys: readonly string[]): Promise<Map<string, Counts>> {
  const [{ Queue }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
  const connection = new Redis(url, { maxRetriesPerRequest: null, commandTimeout: 3000 });
  connection.on('error', () => {});
  const counts = new Map<string, Counts>();
  try {
    for (const key of keys) {
      const colon = key.lastIndexOf(':');
      // Without skipMetasUpdate BullMQ would write the queue's `meta` key.
      const options = { connection, prefix: key.slice(0, colon), skipMetasUpdate: true };
      const queue = new Queue(key.slice(colon + 1), options);
      const late = () => new Error('BullMQ: no answer in 3 s');
      counts.set(key, await withDeadline(queue.getJobCounts(), 3000, late));
      await queue.close();
    }
  } finally {
    connection.disconnect();
  }
  return counts;
}

/** Jobs move: BullMQ's count must lie between ours before and after. */
function agreement(part: string, before: Counts = {}, own: Counts = {}, after: Counts = {}): Finding {
  const wrong = countFields.filter((field) => {
    const [low, high] = [before[field]!, after[field]!].sort((a, b) => a - b);
    return own[field]! < low! || own[field]! > high!;
  });
  if (wrong.length === 0) return { part, ok: true, detail: 'counts agree with BullMQ' };
  const still = wrong.filter((field) => before[field] === after[field]);
  const told = wrong.map((field) => `${field} ${before[field]} then ${after[field]}, BullMQ ${own[field]}`);
  if (still.length > 0) return { part, ok: false, detail: `BullMQ counts otherwise: ${told.join('; ')}` };
  return { part, ok: true, detail: `jobs move too fast to compare: ${told.join('; ')}` };
}

async function examineRedis({ url, channel, lists }: RedisTarget): Promise<Finding> {
  const part = 'redis';
  const { Redis } = await import('ioredis');
  const options = { lazyConnect: true, connectTimeout: 3000, commandTimeout: 3000, maxRetriesPerRequest: 0 };
  const redis = new Redis(url, { ...options, retryStrategy: () => null });
  // Why a connection failed is told here alone: the commands only say that it is closed.
  let why = '';
  redis.on('error', (error) => {
    why = messageOf(error);
  });
  try {
    await redis.connect();
    await redis.ping();
    const writes = [
      ['PUBLISH', channel, ''],
      ...(lists ? [lists.api, lists.db] : []).flatMap((key) => [
        ['LPUSH', key, ''],
        ['LTRIM', key, '0', '1'],
      ]),
    ];
    for (const command of writes) {
      const problem = await refusedByAcl(redis, command);
      if (problem !== '')
        return { part, ok: false, detail: `${problem}; give the user of redis.url that permission` };
    }
    return { part, ok: true, detail: `answers; snapshots are published on ${channel}` };
  } catch (error) {
    return { part, ok: false, detail: `${why || messageOf(error)}; check redis.url` };
  } finally {
    redis.disconnect();
  }
}

/** Listens for a moment where services would connect. */
async function examineIntake(options: IntakeOptions, log: Log): Promise<Finding> {
  const part = 'intake';
  const handOver = () => Promise.reject(new Error('the doctor takes no events'));
  const intake = createIntake(options, { clock: systemClock, log, processOf: () => undefined, handOver });
  try {
    await intake.read({ timeMs: Date.now(), slow: true });
    const problem = intake.problem?.() ?? '';
    return { part, ok: problem === '', detail: problem || `services can connect at ${intake.place}` };
  } catch (error) {
    return { part, ok: false, detail: messageOf(error) };
  } finally {
    await intake.close();
  }
}

/** What Redis would say to a command of this user, without running it; '' before Redis 7, which cannot tell. */
async function refusedByAcl(redis: Redis, command: readonly string[]): Promise<string> {
  try {
    const user = (await redis.call('ACL', 'WHOAMI')) as string;
    const answer = (await redis.call('ACL', 'DRYRUN', user, ...command)) as string;
    return answer === 'OK' ? '' : answer;
  } catch {
    return '';
  }
}

async function examinePort(host: string, port: number): Promise<Finding> {
  const part = 'http';
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    return { part, ok: true, detail: `${host}:${port} is free` };
  } catch (error) {
    return { part, ok: false, detail: messageOf(await listenError(error as Error, host, port)) };
  } finally {
    server.close();
  }
}

function freeText(bytes: number): string {
  const unit = bytes >= 10 * 1024 ** 3 ? 1024 ** 3 : 1024 ** 2;
  return formatSize(Math.floor(bytes / unit) * unit);
}
