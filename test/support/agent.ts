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
  /** Where it listened when it started. */
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
  readonly tookMs: number;
}

export interface RunOptions {
  /** A compiled command; without it that of the suite, else the source is run. */
  readonly main?: string | undefined;
  readonly env?: Record<string, string> | undefined;
}

export interface StartOptions extends RunOptions {
  readonly folder?: string;
}

/** The whole suite runs what it has just built: compiled, an agent starts in a third of the time. */
const builtMain = process.env.NOVA_TEST_MAIN;

/** What `node` is given to run the command. */
export function commandOf(main = builtMain): string[] {
  return main === undefined ? ['--import', 'tsx', join(projectRoot, 'agent/main.ts')] : [main];
}

/** Runs one command to its end. */
export function runAgent(args: readonly string[], { main, env }: RunOptions = {}): Promise<RunResult> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...commandOf(main), ...args], {
    cwd: projectRoot,
    env: { ...cleanEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (data) => {
    stdout += data;
  });
  child.stderr.setEncoding('utf8').on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr, tookMs: performance.now() - startMs })),
  );
}

/**
 * How many times longer than on an idle machine of today things take here and now, by what the command takes to say its
 * version; at least 1. Promised times are multiplied by it where other tests run beside.
 */
export async function slowness(main = builtMain): Promise<number> {
  const { tookMs } = await runAgent(['--version'], { main });
  const idleMs = main === undefined ? 1000 : 300;
  return Math.max(1, tookMs / idleMs);
}

/** Writes a configuration for an agent in `folder`, with HTTP on a free port unless told; gives its file. */
export async function writeConfig(
  folder: string,
  config: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { agent, ...rest } = config as { agent?: object };
  const whole = {
    agent: { dataDir: join(folder, 'data'), ...agent },
    intake: { socket: join(folder, 'run', 'intake.sock') },
    rules: [],
    http: { port: 0, auth: { tokens: [{ name: 'test', role: 'admin', token: testToken }] } },
    ...rest,
  };
  const file = join(folder, 'agent.yml');
  await mkdir(folder, { recursive: true });
  await writeFile(file, stringify(whole));
  return file;
}

/** Starts `nova-agent run` with this configuration, HTTP on a free port, and waits until it listens. */
export async function startAgent(
  config: Readonly<Record<string, unknown>>,
  options: StartOptions = {},
): Promise<TestAgent> {
  const folder = options.folder ?? (await temporaryFolder('nova-agent-'));
  const configFile = await writeConfig(folder, config);
  const args = ['run', '-c', configFile, '--log-level', 'debug'];
  const child = spawn(process.execPath, [...commandOf(options.main), ...args], {
    cwd: projectRoot,
    env: { ...cleanEnv(), ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (data) => {
    log += data;
  });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.removeListener('exit', killed));
  const url = await Promise.race([
    untilFound(
      () => /http="?(http:\/\/[^\s"]+)/.exec(log)?.[1],
      () => `the agent does not listen yet:\n${log}`,
    ),
    new Promise<never>((_, reject) =>
      child.once('close', (code) => reject(new Error(`the agent ended with ${code}:\n${log}`))),
    ),
  ]);
  const get = async (path: string) => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${testToken}` } });
    return answer.json();
  };
  return {
    process: child,
    folder,
    dataDir: join(folder, 'data'),
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

async function untilFound(find: () => string | undefined, missing: () => string): Promise<string> {
  let found: string | undefined;
  await untilTrue(() => {
    found = find();
    if (found === undefined) throw new Error(missing());
  });
  return found!;
}

/** The environment without what would configure an agent. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(
    (name) => !/^(NOVA_AGENT_|REDIS_URL$|STATE_DIRECTORY$)/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
