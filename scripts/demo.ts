/**
 * Starts a Redis, the CRM, its visitors, the agent and, if asked, an InfluxDB; shows what the agent sees; ends it all
 * again.
 * Run by scripts/demo, which installs and builds what this needs.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { stringify } from 'yaml';
import { parseDuration } from '../agent/units.ts';
import { freePort, influxQuery, untilTrue } from '../test/support/servers.ts';
import { DemoAgent, summaryLine } from './demo-agent.ts';
import { demoQueues } from './demo-crm/queues.ts';
import { DemoProcesses } from './demo-processes.ts';
import { startDemoInflux, startDemoRedis } from './demo-servers.ts';

/** How long servers and the agent may take to come up. */
const startMs = 30_000;
const lineEveryMs = 5000;
/** Of the visitors, at the usual rate. */
const requestsPerSecond = 20;
const database = 'nova';
const runFile = promisify(execFile);

/** Why the demo ends: its time is over (or Ctrl-C where none was given), it was interrupted, or something broke. */
type End = { readonly exitCode: number; readonly problem?: string };

interface Options {
  readonly forMs: number | undefined;
  readonly influx: boolean;
  readonly dataDir: string | undefined;
  readonly rate: string;
}

interface Demo {
  readonly agent: DemoAgent;
  readonly influxUrl: string | undefined;
}

process.exit(await main());

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'number') return options;
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  const folder = await mkdtemp(join(tmpdir(), 'nova-demo-'));
  const processes = new DemoProcesses();
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const interrupted = interruption(options);
  const died = processes.death.then((problem): End => ({ exitCode: 1, problem }));
  let end: End;
  try {
    end = await Promise.race([interrupted, died, show(options, folder, processes)]);
  } catch (error) {
    end = { exitCode: 1, problem: error instanceof Error ? error.message : String(error) };
  }
  if (end.problem) process.stderr.write(`demo: ${end.problem}\n`);
  const forced = await processes.end();
  if (forced.length > 0) process.stderr.write(`demo: did not end when asked: ${forced.join(', ')}\n`);
  return forced.length > 0 ? 1 : end.exitCode;
}

function readOptions(): Options | number {
  try {
    const { values } = parseArgs({
      options: {
        for: { type: 'string' },
        influx: { type: 'boolean', default: false },
        'data-dir': { type: 'string' },
        rate: { type: 'string', default: '1' },
      },
    });
    const forMs = values.for === undefined ? undefined : parseDuration(values.for);
    if (values.for !== undefined && !forMs)
      throw new Error(`--for ${values.for}: expected a duration, such as 60s or 5m`);
    if (!(Number(values.rate) >= 0))
      throw new Error(`--rate ${values.rate}: expected a number, such as 0.5 or 2`);
    const dataDir = values['data-dir'] && resolve(process.env.INIT_CWD ?? '.', values['data-dir']);
    return { forMs, influx: values.influx, dataDir, rate: values.rate };
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\nSee ./scripts/demo --help\n`);
    return 2;
  }
}

/** Ctrl-C is the way to end a demo that has no end of its own; a second signal ends it at once. */
function interruption({ forMs }: Options): Promise<End> {
  return new Promise((resolve) => {
    let signals = 0;
    // Nobody reads what it prints any more.
    process.stdout.on('error', () => resolve({ exitCode: 1 }));
    for (const [signal, exitCode] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      process.on(signal, () => {
        if (++signals > 1) process.exit(exitCode);
        resolve({ exitCode: forMs === undefined ? 0 : exitCode });
      });
    }
  });
}

/** The demo itself; settles when its time is over. */
async function show(options: Options, folder: string, processes: DemoProcesses): Promise<End> {
  const demo = await startAll(options, folder, processes);
  const endMs = performance.now() + (options.forMs ?? Number.POSITIVE_INFINITY);
  for (let leftMs = endMs - performance.now(); leftMs > 0; leftMs = endMs - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, lineEveryMs)));
    if (leftMs < lineEveryMs) break;
    const line = await demo.agent.view().then(summaryLine, (error: Error) => `no answer: ${error.message}`);
    say(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
  }
  return closing(demo, processes);
}

async function startAll(options: Options, folder: string, processes: DemoProcesses): Promise<Demo> {
  const redisUrl = await startDemoRedis(processes, folder);
  const influxUrl = options.influx ? await startDemoInflux(processes, folder, database) : undefined;
  const intakeSocket = join(folder, 'intake.sock');
  const crm = await startCrm(processes, folder, redisUrl, intakeSocket, options.rate);
  const visits = ['--url', crm.url, '--rate', String(Number(options.rate) * requestsPerSecond)];
  processes.start('visitors', process.execPath, [
    ...['--import', 'tsx', 'scripts/demo-crm/visitors.ts'],
    ...visits,
  ]);

  const token = randomBytes(24).toString('base64url');
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  const dataDir = options.dataDir ?? join(folder, 'data');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const port = (await isFree(7070)) ? 7070 : await freePort();
  const config = {
    agent: { dataDir },
    processes: [{ name: 'crm', pid: crm.pid }],
    queues: [{ name: 'crm', redis: redisUrl }],
    intake: { socket: intakeSocket },
    redis: { url: redisUrl },
    influx: influxUrl ? [{ name: 'demo', url: influxUrl, version: 1, database }] : [],
    http: { port, auth: { tokens: [{ name: 'demo', role: 'admin', tokenFile }] } },
  };
  const configFile = join(folder, 'agent.yml');
  await writeFile(configFile, stringify(config));
  const args = ['dist/agent/main.js', 'run', '-c', configFile, '--log-level', 'warn'];
  const { pid } = processes.start('the agent', process.execPath, args);
  const agent = new DemoAgent(`http://127.0.0.1:${port}`, token);
  await untilTrue(async () => {
    const { ready, parts } = await agent.ready();
    if (!ready) throw new Error(`not ready: ${parts.map(({ problem }) => problem).join(' ')}`);
    await agent.snapshot();
  }, startMs);

  const login = ['dist/agent/main.js', 'login', '-c', configFile];
  const { stdout: address } = await runFile(process.execPath, login);
  const authorization = `-H "Authorization: Bearer $(cat ${tokenFile})"`;
  const seen = ['snapshot', 'api-metrics', 'errors', 'routes', 'queries', 'users', "'historical?hours=1'"];
  say(`
CRM       ${crm.url}   pid ${crm.pid}, ${demoQueues.length} BullMQ queues, ${visits[3]} requests a second
Redis     ${redisUrl}   snapshots on the channel metrics:snapshot, lists metrics:api and metrics:db
Agent     ${agent.url}   pid ${pid}, configuration ${configFile}
Data      ${dataDir}

Dashboard ${address.trim()}
          logs in once, within 10 minutes; for another address: node ${login.join(' ')}

What the agent sees:
  curl ${agent.url}/ready
${seen.map((path) => `  curl ${authorization} ${agent.url}/api/monitoring/${path}`).join('\n')}

What the CRM counted itself, a slow report, an event stream, and 60 faults of six kinds at once:
  curl ${crm.url}/api/demo/stats
  curl ${crm.url}/api/reports/pipeline
  curl -N ${crm.url}/api/stream
  curl -X POST -H 'Authorization: Bearer user-7' '${crm.url}/api/demo/error-burst?count=60'`);
  if (influxUrl) {
    const ask = `curl -G ${influxUrl}/query --data-urlencode db=${database} --data-urlencode`;
    say(`
InfluxDB  ${influxUrl}   database ${database}, new points every 10 s

  ${ask} 'q=SELECT mean(cpu_usage_percent) FROM system WHERE time > now() - 1h GROUP BY time(10s) fill(none)'
  ${ask} 'q=SELECT max(waiting), last(active) FROM queue WHERE time > now() - 1h GROUP BY queue'
  ${ask} 'q=SELECT sum(requests), max(duration_p95_ms) FROM http WHERE time > now() - 1h GROUP BY route'`);
  }
  say(options.forMs === undefined ? '\nCtrl-C ends it all.\n' : '');
  return { agent, influxUrl };
}

async function startCrm(
  processes: DemoProcesses,
  folder: string,
  redisUrl: string,
  intakeSocket: string,
  rate: string,
): Promise<{ url: string; pid: number }> {
  const args = ['--redis', redisUrl, '--data', folder, '--rate', rate];
  return new Promise((resolve) => {
    const child = processes.start(
      'the CRM',
      process.execPath,
      ['--import', 'tsx', 'scripts/demo-crm/main.ts', ...args],
      {
        env: { NOVA_AGENT_INTAKE_SOCKET: intakeSocket },
        onLine: (line) => {
          const url = /listening on (\S+)/.exec(line)?.[1];
          if (url) resolve({ url, pid: child.pid! });
        },
      },
    );
  });
}

/** What came of it. Ends the agent first, so that what it still had has been delivered. */
async function closing({ agent, influxUrl }: Demo, processes: DemoProcesses): Promise<End> {
  const { parts } = await agent.ready();
  const number = (part: string, detail: string) =>
    Number(parts.find((one) => one.part === part)?.[detail] ?? 0);
  const points = number('store', 'collected');
  const ticks = number('tick', 'ticks');
  say(`\ncollected ${points} points in ${ticks} ticks`);
  if (points === 0 || ticks === 0) return { exitCode: 1, problem: 'nothing was collected' };
  for (const { part, problem } of parts.filter(({ ok }) => !ok))
    say(`not well at the end: ${part}: ${problem}`);
  if (influxUrl) {
    await processes.endLast();
    const [series] = await influxQuery(influxUrl, 'SELECT count(cpu_usage_percent) FROM system', database);
    const delivered = Number(series?.values[0]?.[1] ?? 0);
    say(`InfluxDB has ${delivered} readings of the host`);
    if (delivered === 0) return { exitCode: 1, problem: 'nothing reached InfluxDB' };
  }
  return { exitCode: 0 };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
