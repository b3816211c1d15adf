import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { cleanEnv, projectRoot, startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { startRedis, temporaryFolder } from '../support/servers.ts';
import { endOf, fillQueues } from './agent-beside.ts';
import { sleep } from './cost.ts';
import { type PageCost, PageWatcher } from './page-watcher.ts';
import { median, type Row, valueAtMost } from './row.ts';

const requestsPerSecond = 100;
const queues = 10;
const warmUpMs = 30_000;
const shortMs = 120_000;
const longMs = 3_600_000;
/** By then the charts of the overview hold all that they are to show. */
const fillMs = 16 * 60_000;
const loads = 7;
const most = { kb: 150, paintMs: 1000, cpuPercent: 2, heapMb: 1 };

export interface PageOptions {
  /** Watches for an hour instead of two minutes. */
  readonly isFull: boolean;
}

/** The dashboard's overview in Chromium: its size, how soon a new visitor sees it, and what it costs to look on. */
export async function* page({ isFull }: PageOptions): AsyncGenerator<Row> {
  const [folder, redis, built] = await Promise.all([temporaryFolder(), startRedis(), buildAgent()]);
  const service = startService(join(folder, 'run', 'intake.sock'));
  let agent: TestAgent | undefined;
  try {
    const sizeKb = await buildPage(built);
    yield valueAtMost('page', 'script, styles and page, compressed, KB', sizeKb, ['limit', most.kb], most.kb);
    await fillQueues(redis.url, queues);
    const config = {
      processes: [{ name: 'app', pid: service.pid }],
      queues: [{ name: 'main', redis: redis.url }],
      // Those that come with the agent.
      rules: undefined,
    };
    agent = await startAgent(config, { main: built.main, folder });
    await sleep(warmUpMs);
    yield* firstPaint(agent.url);
    yield* watched(agent.url, isFull);
  } finally {
    await agent?.stop('SIGKILL');
    await endOf(service);
    await Promise.all([redis.remove(), built.remove()]);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Gives the size, in KB, as the build says it. */
async function buildPage({ main }: BuiltAgent): Promise<number> {
  const folder = join(dirname(main), '../dashboard');
  const args = ['--import', 'tsx', 'scripts/build-dashboard.ts', folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectRoot });
  return Number(/([\d.]+) KB/.exec(stdout)![1]);
}

function startService(socket: string): ChildProcess {
  const script = fileURLToPath(new URL('./busy-service.ts', import.meta.url));
  return spawn(process.execPath, ['--import', 'tsx', script, `${requestsPerSecond}`], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...cleanEnv(), NOVA_AGENT_INTAKE_SOCKET: socket },
  });
}

/** Beside a page of the same server that is a line of text. */
async function* firstPaint(url: string): AsyncGenerator<Row> {
  const watcher = await PageWatcher.start(url);
  const paints = { ours: [] as number[], text: [] as number[] };
  const numbers: number[] = [];
  try {
    for (let load = 0; load < loads; load++) {
      const text = await watcher.open('/health');
      paints.text.push(await paintMsOf(text));
      await text.context().close();
      const dashboard = await watcher.open('/#/overview');
      paints.ours.push(await paintMsOf(dashboard));
      await dashboard.locator('.main .stat-value').filter({ hasText: /\d/ }).first().waitFor();
      numbers.push(await dashboard.evaluate(() => performance.now()));
      await dashboard.context().close();
    }
  } finally {
    await watcher.close();
  }
  const peer = ['a line of text', median(paints.text)] as const;
  yield valueAtMost('page', 'first paint, nothing kept, ms', median(paints.ours), peer, most.paintMs);
  yield valueAtMost('page', 'first numbers, ms', median(numbers), peer, most.paintMs);
}

function paintMsOf(page: Page): Promise<number> {
  const script = `new Promise((resolve) => new PerformanceObserver((list) => {
    const [first] = list.getEntriesByName('first-contentful-paint');
    if (first) resolve(first.startTime);
  }).observe({ type: 'paint', buffered: true }))`;
  return page.evaluate<number>(script);
}

/** Beside a page that only reads the same stream. */
async function* watched(url: string, isFull: boolean): AsyncGenerator<Row> {
  const watchers = [await PageWatcher.start(url), await PageWatcher.start(url)];
  try {
    const [ours, peer] = watchers as [PageWatcher, PageWatcher];
    await ours.watch('/#/overview');
    const reader = await peer.watch('/health', { isBare: true });
    await reader.evaluate(`new EventSource('/api/monitoring/stream').addEventListener('snapshot', ({ data }) => {
      window.newest = JSON.parse(data);
    })`);
    await sleep(isFull ? fillMs : warmUpMs);
    const before = await Promise.all([ours.cost(), peer.cost()]);
    const startMs = performance.now();
    await sleep(isFull ? longMs : shortMs);
    const after = await Promise.all([ours.cost(), peer.cost()]);
    const seconds = (performance.now() - startMs) / 1000;
    if (!(await reader.evaluate('window.newest'))) throw new Error('the stream sent nothing');
    const percent = (of: (cost: PageCost) => number) => {
      const [own, other] = after.map((cost, i) => ((of(cost) - of(before[i]!)) * 100) / seconds);
      return [own!, ['stream reader', other!]] as const;
    };
    const renderer = percent(({ rendererSeconds }) => rendererSeconds);
    yield valueAtMost('page', 'watched, CPU of its process, % of a core', ...renderer, most.cpuPercent);
    const whole = percent(({ wholeSeconds }) => wholeSeconds);
    yield valueAtMost('page', 'the same, all of Chromium, % of a core', ...whole, most.cpuPercent);
    const [own, other] = after.map(({ heapMb }, i) => heapMb - before[i]!.heapMb);
    const minutes = Math.round(seconds / 60);
    const what = `heap after ${minutes} minutes, of ${before[0]!.heapMb.toFixed(1)}, MB more`;
    yield valueAtMost('page', what, own!, ['stream reader', other!], most.heapMb);
  } finally {
    for (const watcher of watchers) await watcher.close();
  }
}
