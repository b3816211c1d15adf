import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { stringify } from 'yaml';
import { buildAgent } from '../support/built-agent.ts';
import { startInflux, startRedis, temporaryFolder, untilTrue } from '../support/servers.ts';

export const benchToken = 'bench-token-0123456789';

/** The built agent under the usual work, with all that it needs. */
export interface AgentBeside {
  readonly agent: ChildProcess;
  /** Where services connect. */
  readonly socket: string;
  /** Where it answers over HTTP, to `benchToken`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds the agent and starts it with host, one process and ten queues every 2 s, delivering to InfluxDB every 10 s. */
export async function startAgentBeside(nodeArgs: readonly string[] = []): Promise<AgentBeside> {
  const [built, redis, influx, folder] = await Promise.all([
    buildAgent(),
    startRedis(),
    startInflux(),
    temporaryFolder(),
  ]);
  await fillQueues(redis.url, 10);
  const watched = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'agent.yml');
  const socket = join(folder, 'run', 'intake.sock');
  await writeFile(
    configFile,
    stringify({
      agent: { dataDir: join(folder, 'data'), interval: '2s' },
      processes: [{ name: 'app', pid: watched.pid }],
      queues: [{ name: 'main', redis: redis.url }],
      influx: [{ name: 'influx', url: influx.url, version: 1, database: 'test', flushInterval: '10s' }],
      intake: { socket },
      http: { port: 0, auth: { tokens: [{ name: 'bench', role: 'admin', token: benchToken }] } },
    }),
  );
  const agent = spawn(process.execPath, [...nodeArgs, built.main, 'run', '-c', configFile], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let log = '';
  agent.stderr!.on('data', (data) => {
    log += data;
  });
  await untilTrue(() => {
    if (!log.includes('running')) throw new Error(`the agent does not run: ${log}`);
  });
  return {
    agent,
    socket,
    url: /http="?(http:\/\/[^\s"]+)/.exec(log)![1]!,
    stop: async () => {
      await endOf(agent);
      await endOf(watched);
      await Promise.all([redis.remove(), influx.remove(), built.remove()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Queues as BullMQ leaves them: a meta key and some waiting, finished and delayed jobs. */
export async function fillQueues(url: string, count: number): Promise<string[]> {
  const redis = new Redis(url);
  const names = Array.from({ length: count }, (_, i) => `queue-${i}`);
  for (let first = 0; first < count; first += 500) {
    const pipeline = redis.pipeline();
    for (const name of names.slice(first, first + 500)) {
      const key = `bull:${name}`;
      pipeline.hset(`${key}:meta`, 'opts.maxLenEvents', '10000');
      pipeline.lpush(`${key}:wait`, '1', '2', '3');
      pipeline.zadd(`${key}:completed`, 1, '4', 2, '5');
      pipeline.zadd(`${key}:delayed`, 1, '6');
    }
    await pipeline.exec();
  }
  redis.disconnect();
  return names;
}
