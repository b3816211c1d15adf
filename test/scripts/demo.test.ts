import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/servers.ts';
import '../support/watchdog.ts';

interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the demo', () => {
  let folder: string;

  before(async () => {
    assert.ok(existsSync('dist/agent/main.js'), 'dist/ is missing: npm run build');
    folder = await temporaryFolder();
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs it with its temporary files in `folder`; `onOutput` sees what was printed so far. */
  async function demo(
    args: readonly string[],
    onOutput: (text: string, pid: number) => void = () => {},
  ): Promise<Run> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo.ts', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => {
      stdout += data;
      onOutput(stdout, child.pid!);
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, stdout, stderr };
  }

  /** Process ids in what it printed: the CRM's and the agent's. */
  const pidsIn = (stdout: string) => [...stdout.matchAll(/ pid (\d+)/g)].map((match) => Number(match[1]));

  test('shows host and CRM from outside and inside, says what was collected, and leaves nothing behind', async () => {
    const { exitCode, stdout, stderr } = await demo(['--for', '23s', '--influx']);
    assert.equal(exitCode, 0, stdout + stderr);
    assert.match(stdout, /cpu \d+ % · memory \d+ % · crm \d+ % \d+ MB · /);
    assert.match(
      stdout,
      /requests [1-9]\d*\/min \d+ % failed, slowest [A-Z]+ \/\S+ p95 \d+ ms · queries [1-9]\d*\/min · /,
    );
    assert.match(stdout, /errors [1-9]\d* in [1-9]\d* groups · sockets [1-9]\d*, users [1-9]\d* · /);
    assert.match(stdout, /queues \d+, waiting \d+, active \d+, failed \d+/);
    assert.match(stdout, /collected [1-9]\d* points in [1-9]\d* ticks/);
    assert.equal(pidsIn(stdout).length, 2);
    assert.deepEqual(pidsIn(stdout).filter(isAlive), []);
    assert.deepEqual(await leftIn(folder), []);
  });

  test('prints where the dashboard is and who gets in, and ends on SIGINT with exit code 0', async () => {
    let visit: Promise<{ page: string | null; login: number }> | undefined;
    const { exitCode, stdout, stderr } = await demo([], (text, pid) => {
      if (visit || !text.includes('Ctrl-C ends it all')) return;
      visit = visitDashboard(text);
      const end = () => process.kill(pid, 'SIGINT');
      visit.then(end, end);
    });
    assert.deepEqual(await visit, { page: 'text/html; charset=utf-8', login: 200 });
    assert.equal(exitCode, 0, stdout + stderr);
    assert.deepEqual(pidsIn(stdout).filter(isAlive), []);
    assert.deepEqual(await leftIn(folder), []);
  });

  test('fails when the agent dies', async () => {
    const { exitCode, stderr } = await demo([], (text) => {
      const agent = pidsIn(text)[1];
      if (agent && isAlive(agent)) process.kill(agent, 'SIGKILL');
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /the agent ended by itself, with SIGKILL/);
  });

  test('refuses a duration without its unit', async () => {
    const { exitCode, stderr } = await demo(['--for', '60']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /--for 60: expected a duration/);
  });
});

/** Opens the printed address as the page does: what is behind the `#` stays there, and is sent to log in. */
async function visitDashboard(printed: string): Promise<{ page: string | null; login: number }> {
  const [address, code] = /^Dashboard (\S+)#code=(\S+)$/m.exec(printed)!.slice(1) as [string, string];
  const page = await fetch(address);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ code });
  const login = await fetch(new URL('/api/session', address), { method: 'POST', headers, body });
  return { page: page.headers.get('content-type'), login: login.status };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What the demo left in its folder; tsx keeps a cache there that is not the demo's. */
async function leftIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('tsx-'));
}
