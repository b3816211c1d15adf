import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { ReadyReport } from '../../agent/ready-shape.ts';
import { temporaryFolder, untilTrue } from './servers.ts';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
export const testToken = 'test-token-0123456789';

/** An agent that a test started: the real command line, in a folder of its own. */
export interface TestAgent {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly url: string;
  /** Everything it said on standard error. */
  log(): string;
  ready(): Promise<ReadyReport>;
  /** `data` of an API answer. */
  get<T>(path: string): Promise<T>;
  /** Sends `signal` and resolves with the exit code and how long it took. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; tookMs: number }>;
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const commandLine = ['--import', 'tsx', join(projectRoot, 'agent/main.ts')];

/** Runs one command to its end. */
export function runAgent(args: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
  const child = spawn(process.execPath, [...commandLine, ...args], {
    cwd: projectRoot,
    env: { ...cleanEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Starts `nova-agent run` with this configuration, HTTP on a free port, and waits until it listens. */
export async function startAgent(
  config: Readonly<Record<string, unknown>>,
  options: { readonly folder?: string; readonly env?: Record<string, string> } = {},
): Promise<TestAgent> {
  const folder = options.folder ?? (await temporaryFolder('nova-agent-'));
  const dataDir = join(folder, 'data');
  const configFile = join(folder, 'agent.yml');
  await mkdir(folder, { recursive: true });
  const { agent, ...rest } = config as { agent?: object };
  const whole = {
    agent: { dataDir, ...agent },
    http: { port: 0, auth: { tokens: [{ name: 'test', role: 'admin', token: testToken }] } },
    ...rest,
  };
  await writeFile(configFile, stringify(whole));
  const child = spawn(process.execPath, [...commandLine, 'run', '-c', configFile, '--log-level', 'debug'], {
    cwd: projectRoot,
    env: { ...cleanEnv(), ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (data) => {
    log += data;
  });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.removeListener('exit', killed));
  let url = '';
  await untilTrue(() => {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}:\n${log}`);
    const found = /http="?(http:\/\/[^\s"]+)/.exec(log);
    if (!found) throw new Error(`the agent does not listen yet:\n${log}`);
    url = found[1]!;
  });
  const get = async (path: string) => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${testToken}` } });
    return answer.json();
  };
  return {
    process: child,
    folder,
    dataDir,
    configFile,
    url,
    log: () => log,
    ready: () => get('/ready') as Promise<ReadyReport>,
    get: async <T>(path: string) => ((await get(path)) as { data: T }).data,
    stop: async (signal = 'SIGTERM') => {
      const startMs = performance.now();
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill(signal);
        await gone;
      }
      return { code: child.exitCode, tookMs: performance.now() - startMs };
    },
  };
}

/** The environment without what would configure an agent. */
function cleanEnv(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(
    (name) => !/^(NOVA_AGENT_|REDIS_URL$|STATE_DIRECTORY$)/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
