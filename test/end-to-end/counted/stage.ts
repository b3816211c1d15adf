import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import { cleanEnv, projectRoot, startAgent, type TestAgent } from '../../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../../support/built-agent.ts';
import {
  startInflux,
  startRedis,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from '../../support/servers.ts';

/** A service with the built agent beside it, and everything that the agent delivers to. */
export interface Stage {
  readonly redis: TestServer;
  readonly influx: TestServer;
  readonly built: BuiltAgent;
  readonly agent: TestAgent;
  /** Where the service answers. */
  readonly url: string;
  /** Ends all of it. */
  end(): Promise<void>;
}

/** How to start a service; the first line that it prints with a number of a port in it says where it listens. */
export interface ServiceCommand {
  readonly args: readonly string[];
  readonly cwd: string;
}

/** Starts `serviceOf` and an agent that watches it, and waits until the agent hears of its requests. */
export async function startStage(
  serviceOf: (built: BuiltAgent, redis: TestServer, folder: string) => Promise<ServiceCommand>,
): Promise<Stage> {
  const folder = await temporaryFolder('nova-counted-');
  const [redis, influx, built] = await Promise.all([startRedis(), startInflux(), buildAgent()]);
  const socket = join(folder, 'intake.sock');
  const { args, cwd } = await serviceOf(built, redis, folder);
  const { child, url } = await startService(args, cwd, socket);
  const agent = await startAgent(
    {
      agent: { interval: '500ms' },
      processes: [{ name: 'service', pid: child.pid }],
      queues: [{ name: 'main', redis: redis.url }],
      intake: { socket },
      redis: { url: redis.url },
      influx: [{ name: 'influx', url: influx.url, version: 1, database: 'test', flushInterval: '1s' }],
    },
    { main: built.main, folder },
  );
  await untilTrue(async () => {
    const snapshot = await agent.get<Snapshot | undefined>('/api/monitoring/snapshot');
    assert.ok(snapshot?.api, `the service does not report yet:\n${agent.log()}`);
  });
  const end = async () => {
    await agent.stop('SIGKILL');
    child.kill('SIGKILL');
    await Promise.all([redis.remove(), influx.remove(), built.remove()]);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  return { redis, influx, built, agent, url, end };
}

/** The demo CRM without traffic of its own, beside the built agent, so that it loads what was built. */
export async function crmCommand(
  built: BuiltAgent,
  redis: TestServer,
  folder: string,
  registers: boolean,
): Promise<ServiceCommand> {
  const cwd = dirname(dirname(dirname(built.main)));
  for (const part of ['scripts/demo-crm', '.cache/demo-client'])
    await cp(join(projectRoot, part), join(cwd, part), { recursive: true });
  const crm = ['scripts/demo-crm/main.ts', '--redis', redis.url, '--rate', '0', '--data', folder];
  const register = registers ? ['--import', 'nova-agent/register'] : [];
  return { args: ['--import', 'tsx', ...register, ...crm, ...(registers ? ['--plain'] : [])], cwd };
}

/** An Express 4 application in a project that has `express` and `nova-agent` among its packages. */
export async function express4Command(built: BuiltAgent, folder: string): Promise<ServiceCommand> {
  const cwd = join(folder, 'shop');
  await mkdir(join(cwd, 'node_modules'), { recursive: true });
  await symlink(join(projectRoot, 'node_modules/express4'), join(cwd, 'node_modules/express'));
  await symlink(dirname(dirname(dirname(built.main))), join(cwd, 'node_modules/nova-agent'));
  await cp(join(import.meta.dirname, 'express4-server.cjs'), join(cwd, 'server.cjs'));
  return { args: ['--import', 'nova-agent/register', 'server.cjs'], cwd };
}

async function startService(
  args: readonly string[],
  cwd: string,
  socket: string,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...cleanEnv(), NOVA_AGENT_INTAKE_SOCKET: socket },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.removeListener('exit', killed));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the service ended with ${code}`);
  });
  ended.catch(() => {});
  const [said] = (await Promise.race([once(child.stdout!, 'data'), ended])) as [Buffer];
  const port = /:(\d{2,5})\b/.exec(said.toString())?.[1];
  return { child, url: `http://127.0.0.1:${port}` };
}
