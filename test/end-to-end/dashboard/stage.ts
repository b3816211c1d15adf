import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import type { TallyReport } from '../../../scripts/demo-crm/tally.ts';
import { cleanEnv, projectRoot, startAgent, type TestAgent, testToken } from '../../support/agent.ts';
import { TestBrowser } from '../../support/browser.ts';
import { buildAgent } from '../../support/built-agent.ts';
import { freePort, startRedis, type TestServer, temporaryFolder, untilTrue } from '../../support/servers.ts';

export const viewerToken = 'viewer-token-0123456789';
export { testToken as adminToken };

export const viewNames = [
  'Overview',
  'Routes',
  'Queries',
  'Queues',
  'Errors',
  'Users',
  'Alerts',
  'Rules',
  'Agent',
] as const;

/** Where other tests run beside, tsx takes its time. */
const startMs = 90_000;

export interface StageOptions {
  /** A rule file of its own. */
  readonly rules?: string;
  /** How busy the CRM keeps its queues; 0: it does only what it is asked. */
  readonly rate?: number;
  /** Done before the agent is there. */
  readonly first?: (redis: TestServer) => Promise<void>;
}

/** The demo CRM, the built agent beside it, and a browser for its page. */
export class DashboardStage {
  readonly redis: TestServer;
  readonly folder: string;
  readonly crmUrl: string;
  readonly browser: TestBrowser;
  agent: TestAgent;
  readonly #start: () => Promise<TestAgent>;
  readonly #endings: readonly (() => unknown)[];

  private constructor(
    parts: Pick<DashboardStage, 'redis' | 'folder' | 'crmUrl' | 'browser' | 'agent'>,
    start: () => Promise<TestAgent>,
    endings: readonly (() => unknown)[],
  ) {
    this.redis = parts.redis;
    this.folder = parts.folder;
    this.crmUrl = parts.crmUrl;
    this.browser = parts.browser;
    this.agent = parts.agent;
    this.#start = start;
    this.#endings = endings;
  }

  /** Resolves when the CRM reports to the agent. */
  static async start({ rules, rate = 0, first }: StageOptions = {}): Promise<DashboardStage> {
    const folder = await temporaryFolder('nova-page-');
    const [redis, built, port] = await Promise.all([startRedis(), builtWithPage(), freePort()]);
    const socket = join(folder, 'intake.sock');
    await first?.(redis);
    const ruleFile = join(folder, 'rules.yml');
    if (rules !== undefined) await writeFile(ruleFile, rules);
    // Where a library in this process, too, finds the agent.
    process.env.NOVA_AGENT_INTAKE_SOCKET = socket;
    const crm = await startCrm(
      built.main,
      ['--redis', redis.url, '--data', folder, '--rate', `${rate}`],
      socket,
    );
    const config = {
      agent: { interval: '500ms' },
      processes: [{ name: 'crm', pid: crm.child.pid }],
      queues: [{ name: 'main', redis: redis.url }],
      intake: { socket },
      rules: rules === undefined ? [] : [ruleFile],
      http: {
        port,
        auth: {
          tokens: [
            { name: 'boss', role: 'admin', token: testToken },
            { name: 'guest', role: 'viewer', token: viewerToken },
          ],
        },
      },
    };
    const start = () => startAgent(config, { main: built.main, folder });
    const agent = await start();
    const browser = await TestBrowser.start(agent.url);
    const stage = new DashboardStage({ redis, folder, crmUrl: crm.url, browser, agent }, start, [
      () => crm.child.kill('SIGKILL'),
      () => redis.remove(),
      built.remove,
      () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    ]);
    await untilTrue(async () => {
      const snapshot = await stage.get<Snapshot | null>('snapshot');
      assert.ok(snapshot?.api, `the CRM does not report yet:\n${agent.log()}`);
    }, startMs);
    return stage;
  }

  /** `data` of /api/monitoring. */
  get<T>(path: string): Promise<T> {
    return this.agent.get<T>(`/api/monitoring/${path}`);
  }

  /** Asks the CRM `times` times and wants that status. */
  async visit(path: string, status: number, { times = 1, user = 0, method = 'GET' } = {}): Promise<void> {
    const headers: Record<string, string> = user === 0 ? {} : { authorization: `Bearer user-${user}` };
    for (let i = 0; i < times; i++) {
      const answer = await fetch(this.crmUrl + path, { method, headers });
      await answer.arrayBuffer();
      assert.equal(answer.status, status, path);
    }
  }

  /** What the CRM counted itself. */
  async tally(): Promise<TallyReport> {
    return (await (await fetch(`${this.crmUrl}/api/demo/stats`)).json()) as TallyReport;
  }

  /** Starts it again on the same data and port. */
  async startAgent(): Promise<void> {
    this.agent = await this.#start();
  }

  async end(): Promise<void> {
    await this.browser.close();
    await this.agent.stop('SIGKILL');
    for (const end of this.#endings) await end();
  }
}

/** The suite has built all of it; a file that is run alone builds its own. */
async function builtWithPage(): Promise<{ main: string; remove: () => Promise<void> }> {
  const main = process.env.NOVA_TEST_MAIN;
  if (main !== undefined) return { main, remove: async () => {} };
  const built = await buildAgent();
  const cwd = dirname(dirname(dirname(built.main)));
  for (const part of ['scripts/demo-crm', '.cache/demo-client'])
    await cp(join(projectRoot, part), join(cwd, part), { recursive: true });
  const build = ['--import', 'tsx', 'scripts/build-dashboard.ts', join(cwd, 'dist/dashboard')];
  await promisify(execFile)(process.execPath, build, { cwd: projectRoot });
  return built;
}

async function startCrm(
  main: string,
  args: readonly string[],
  socket: string,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo-crm/main.ts', ...args], {
    cwd: dirname(dirname(dirname(main))),
    env: { ...cleanEnv(), NOVA_AGENT_INTAKE_SOCKET: socket },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.removeListener('exit', killed));
  let said = '';
  child.stdout.on('data', (data) => {
    said += data;
  });
  await untilTrue(() => {
    assert.equal(child.exitCode, null, 'the CRM ended');
    assert.match(said, /listening on \S+\n/);
  }, startMs);
  return { child, url: /listening on (\S+)/.exec(said)![1]! };
}
