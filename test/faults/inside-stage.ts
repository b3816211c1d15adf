import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cleanEnv, runAgent, startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { untilTrue } from '../support/servers.ts';
import { stored, untilTicks, valuesOf } from './evidence.ts';
import { atEnd, newFolder } from './stage.ts';

/** The built package, with the service that loads its library, in a folder of their own. */
export interface InsideStage {
  readonly built: BuiltAgent;
  readonly folder: string;
  readonly socket: string;
  /** The file of the service. */
  readonly script: string;
}

export async function newInsideStage(): Promise<InsideStage> {
  const [built, folder] = await Promise.all([buildAgent(), newFolder()]);
  atEnd(() => built.remove());
  const script = join(dirname(dirname(dirname(built.main))), 'inside-service.mjs');
  await copyFile(join(import.meta.dirname, 'inside-service.mjs'), script);
  return { built, folder, socket: join(folder, 'run', 'intake.sock'), script };
}

/** A service beside the agent; see inside-service.mjs. */
export interface Service {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  ask<T = object>(ask: string, rest?: object): Promise<T>;
  /** Events that it gave to the library itself. */
  tracked(): Promise<number>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface ServiceOptions {
  readonly name?: string;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Record<string, string>;
}

export async function startService(stage: InsideStage, options: ServiceOptions = {}): Promise<Service> {
  const child = spawnService(stage, options);
  const waiting = new Map<number, (answer: unknown) => void>();
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: { port?: number; id?: number; answer?: unknown }) => {
      if (message.port !== undefined) resolve(message.port);
      else if (message.id !== undefined) waiting.get(message.id)?.(message.answer);
    });
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
  });
  let asked = 0;
  const ask = <T>(what: string, rest: object = {}) =>
    new Promise<T>((resolve) => {
      const id = ++asked;
      waiting.set(id, (answer) => {
        waiting.delete(id);
        resolve(answer as T);
      });
      child.send({ ...rest, id, ask: what }, () => {});
    });
  return {
    child,
    pid: child.pid!,
    url: `http://127.0.0.1:${port}`,
    ask,
    tracked: async () => (await ask<{ tracked: number }>('made')).tracked,
    kill: async (signal) => {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
  };
}

/** Starts the service and waits for nothing. */
export function spawnService(
  { script, socket }: InsideStage,
  { name = 'service', args = [], nodeArgs = [], env = {} }: ServiceOptions = {},
): ChildProcess {
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    env: { ...cleanEnv(), NOVA_AGENT_INTAKE_SOCKET: socket, NOVA_AGENT_PROCESS: name, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.removeListener('exit', killed));
  atEnd(killed);
  return child;
}

/** One run of the agent; a data directory sees several. */
export interface AgentRun {
  readonly agent: TestAgent;
  readonly startMs: number;
  endMs: number;
}

/** Starts the built agent beside these services. */
export async function startRun(
  { built, folder, socket }: InsideStage,
  services: Readonly<Record<string, Service>>,
  config: Record<string, unknown> = {},
  env: Record<string, string> = {},
): Promise<AgentRun> {
  const startMs = Date.now();
  const agent = await startAgent(
    {
      agent: { interval: '250ms', budget: { cpuPercent: 100 } },
      processes: Object.entries(services).map(([name, { pid }]) => ({ name, pid })),
      queues: false,
      intake: { socket },
      ...config,
    },
    { folder, main: built.main, env },
  );
  atEnd(() => agent.stop('SIGKILL'));
  return { agent, startMs, endMs: Number.POSITIVE_INFINITY };
}

/** Ends a run and notes when. */
export async function endRun(run: AgentRun, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const { code } = await run.agent.stop(signal);
  run.endMs = Date.now();
  if (signal === 'SIGTERM') assert.equal(code, 0, run.agent.log());
}

/** In events, as the points of the agent tell them; over several runs their sum. */
export interface Counted {
  readonly received: number;
  /** They were made and never reached the agent. */
  readonly lost: number;
  /** They reached it and could not be counted. */
  readonly refused: number;
}

export function countedBy(runs: readonly AgentRun[]): Counted {
  const sum = { received: 0, lost: 0, refused: 0 };
  for (const { agent, startMs, endMs } of runs) {
    const points = stored(agent, 'agent', { source: 'intake/events' }, startMs, Math.min(endMs, 8e15));
    const lastOf = (field: string, reason?: string) =>
      valuesOf(
        points.filter(({ tags }) => tags.reason === reason),
        field,
      ).at(-1) ?? 0;
    sum.received += lastOf('events_received_total');
    sum.lost += lastOf('events_dropped_total', 'service');
    sum.refused +=
      lastOf('events_dropped_total', 'unreadable') + lastOf('events_dropped_total', 'worker_failed');
  }
  return sum;
}

interface Exported {
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
}

/** Points of one measurement, as `nova-agent export` gives them. */
export async function exported(
  { built }: InsideStage,
  { agent }: AgentRun,
  measurement: string,
): Promise<Exported[]> {
  const args = ['export', '-c', agent.configFile, '--format', 'jsonl', '--measurement', measurement];
  const { code, stdout, stderr } = await runAgent(args, built);
  assert.equal(code, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exported);
}

/** Sum of all requests in the store, of those with these tags. */
export function storedRequests({ agent }: AgentRun, tags: Readonly<Record<string, string>> = {}): number {
  return valuesOf(stored(agent, 'http', tags), 'requests').reduce((sum, requests) => sum + requests, 0);
}

/** Until the run has stored a request of the service; gives up after half a minute. */
export function untilStored(run: AgentRun): Promise<void> {
  return untilTrue(() => assert.ok(storedRequests(run) > 0, run.agent.log()));
}

/**
 * Until the run has stored and counted all that the service told until now, whatever was lost on the way: events come in
 * their order, so that a last one, a query of a model of its own, stands for those before it. Gives how many such were
 * tracked: one, and another each time that a worker failed on it, as it may on a slow machine.
 */
export async function untilAllTold(run: AgentRun, service: Service): Promise<number> {
  const model = 'Mark';
  const marks = () =>
    valuesOf(stored(run.agent, 'db', { model }), 'queries').reduce((sum, queries) => sum + queries, 0);
  const before = marks();
  const refusedBefore = countedBy([run]).refused;
  const given = { query: 'select 1', model, operation: 'mark', duration: 1 };
  for (let told = 1; ; told++) {
    await service.ask('call', { calls: [{ name: 'trackDatabaseQuery', given }] });
    await untilTrue(() => {
      const isRefused = countedBy([run]).refused > refusedBefore;
      assert.ok(marks() > before || (isRefused && told < 5), run.agent.log());
    });
    // Counts are read before the frames are taken: those of the next tick tell of them.
    await untilTicks(run.agent, 2);
    if (marks() > before) return told;
  }
}

/** The same of all, as `nova-agent export` gives them. */
export async function exportedRequests(stage: InsideStage, run: AgentRun): Promise<number> {
  const points = await exported(stage, run, 'http');
  return points.reduce((sum, { fields }) => sum + (fields.requests ?? 0), 0);
}

/**
 * Until the runs have counted all of `made` events, received and lost, and the store has the received ones but for
 * those that are counted as refused, to the last: what is only on its way yet comes in. All events must be requests.
 */
export async function untilAddedUp(
  stage: InsideStage,
  runs: readonly AgentRun[],
  made: number,
): Promise<Counted> {
  let counted: Counted = { received: 0, lost: 0, refused: 0 };
  const last = runs.at(-1)!;
  await untilTrue(
    () => {
      counted = countedBy(runs);
      const { received, lost } = counted;
      assert.equal(received + lost, made, `${JSON.stringify(counted)}\n${last.agent.log()}`);
    },
    30_000,
    100,
  );
  const { received, refused } = counted;
  await untilTrue(
    async () =>
      assert.equal(await exportedRequests(stage, last), received - refused, JSON.stringify(counted)),
    30_000,
  );
  return counted;
}
