import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server that a test started: real, on loopback, with its data in a folder of its own. */
export interface TestServer {
  readonly port: number;
  readonly url: string;
  readonly process: ChildProcess;
  readonly folder: string;
  /** Ends it with `signal` (SIGKILL unless told) and waits until it is gone; the data stay. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function temporaryFolder(name = 'nova-agent-test-'): Promise<string> {
  return mkdtemp(join(tmpdir(), name));
}

/** A real redis-server without persistence. */
export async function startRedis(extra: readonly string[] = []): Promise<TestServer> {
  const folder = await temporaryFolder('nova-redis-');
  const port = await freePort();
  const args = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
    ...extra,
  ];
  return serve('redis-server', args, port, folder, `redis://127.0.0.1:${port}`, async () => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (data) => {
        socket.destroy();
        data.toString().startsWith('+PONG') ? resolve() : reject(new Error(data.toString()));
      });
      socket.once('error', reject);
    });
  });
}

/** A real InfluxDB 1.x with an empty database `test`. */
export async function startInflux(): Promise<TestServer> {
  const folder = await temporaryFolder('nova-influx-');
  const port = await freePort();
  const rpcPort = await freePort();
  await mkdir(join(folder, 'data'), { recursive: true });
  const config = join(folder, 'influxdb.conf');
  await writeFile(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
`,
  );
  const url = `http://127.0.0.1:${port}`;
  const server = await serve('influxd', ['-config', config], port, folder, url, async () => {
    const answer = await fetch(`${url}/ping`);
    if (answer.status !== 204) throw new Error(`status ${answer.status}`);
  });
  await influxQuery(url, 'CREATE DATABASE test');
  return server;
}

export interface InfluxSeries {
  readonly name: string;
  readonly tags?: Record<string, string>;
  readonly columns: string[];
  readonly values: (string | number | null)[][];
}

/** Asks InfluxDB 1.x in InfluxQL; times come in milliseconds. */
export async function influxQuery(url: string, query: string, database = 'test'): Promise<InfluxSeries[]> {
  const body = new URLSearchParams({ q: query, db: database, epoch: 'ms' });
  const answer = await fetch(`${url}/query`, { method: 'POST', body });
  const json = (await answer.json()) as {
    results?: { series?: InfluxSeries[]; error?: string }[];
    error?: string;
  };
  const error = json.error ?? json.results?.[0]?.error;
  if (error) throw new Error(`InfluxDB: ${error}`);
  return json.results?.[0]?.series ?? [];
}

export async function serve(
  command: string,
  args: readonly string[],
  port: number,
  folder: string,
  url: string,
  probe: () => Promise<void>,
): Promise<TestServer> {
  let child: ChildProcess;
  const stop = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  };
  const start = async (): Promise<void> => {
    child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (data) => {
      stderr = (stderr + data).slice(-4000);
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${stderr}`)));
    });
    failed.catch(() => {});
    await Promise.race([failed, untilTrue(probe)]);
  };
  await start();
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  return {
    port,
    url,
    folder,
    get process() {
      return child;
    },
    start,
    stop,
    remove: async () => {
      process.removeListener('exit', onExit);
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Tries until `probe` does not throw; gives up after `timeoutMs` with its last error. */
export async function untilTrue(
  probe: () => Promise<void> | void,
  timeoutMs = 30_000,
  everyMs = 50,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
