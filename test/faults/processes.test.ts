import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { freePort, type TestServer, untilTrue } from '../support/servers.ts';
import { type Evidence, endAndCheck, stored, untilTicks, valuesOf } from './evidence.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, newFolder, newInflux, partOf } from './stage.ts';
import '../support/watchdog.ts';

/** The watched process ends, starts again, and its pid is given to another program. */
const lastPidFile = '/proc/sys/kernel/ns_last_pid';
const children: ChildProcess[] = [];
let influx: TestServer;
let agent: TestAgent;
let folder: string;
let port: number;

const pidFile = () => join(folder, 'crm.pid');
const pipe = () => join(folder, 'pipe.pid');

before(async () => {
  [influx, folder, port] = await Promise.all([newInflux(), newFolder(), freePort()]);
  atEnd(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const crm = await startCrm();
  writePidFile(crm.pid!);
  execFileSync('mkfifo', [pipe()]);
  agent = await startAgent(
    {
      ...configFor(destination(influx.url)),
      processes: [
        { name: 'by-file', pidFile: pidFile() },
        { name: 'by-port', port },
        { name: 'by-pid', pid: crm.pid },
        { name: 'by-pipe', pidFile: pipe() },
      ],
    },
    { folder },
  );
  atEnd(() => agent.stop('SIGKILL'));
});

/** A service that listens on the port; resolves when it does. */
async function startCrm(): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['-e', `require('http').createServer().listen(${port}, () => console.log(1))`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** As a supervisor does: whole or not at all. */
function writePidFile(pid: number): void {
  writeFileSync(`${pidFile()}.new`, `${pid}\n`);
  renameSync(`${pidFile()}.new`, pidFile());
}

function current(): ChildProcess {
  return children.findLast((child) => child.exitCode === null && child.signalCode === null)!;
}

const pointsOf = (name: string, startMs = 0): Evidence[] =>
  stored(agent, 'process', { process: name }, startMs);

async function problemOf(name: string): Promise<string> {
  return partOf(await agent.ready(), `source/process/${name}`).problem;
}

async function untilPid(name: string, pid: number): Promise<void> {
  await untilTrue(() => assert.equal(pointsOf(name).at(-1)?.values.pid, pid, agent.log()));
}

test('a pid file that is a pipe nobody writes to does not hold up a tick', async () => {
  await untilTicks(agent, 3);
  assert.match(await problemOf('by-pipe'), /does not hold a process id/);
  assert.deepEqual(pointsOf('by-pipe'), []);
});

test('a process that ended has no points from then on, and says so', async () => {
  const crm = current();
  for (const name of ['by-file', 'by-port', 'by-pid']) await untilPid(name, crm.pid!);
  await kill(crm);
  const killedMs = Date.now();
  await untilTicks(agent, 4);
  for (const name of ['by-file', 'by-port', 'by-pid']) {
    assert.deepEqual(pointsOf(name, killedMs + 1000), [], `${name}: no point of a process that is gone`);
    const up = stored(agent, 'agent', { source: `process/${name}` }, killedMs + 500);
    assert.deepEqual([...new Set(valuesOf(up, 'source_up'))], [0]);
  }
  assert.match(await problemOf('by-pid'), /no process runs with pid/);
});

test('a process that was started again is followed, each start counted once', async () => {
  const rounds = scale(2, 20);
  for (let round = 1; round <= rounds; round++) {
    const crm = await startCrm();
    writePidFile(crm.pid!);
    for (const name of ['by-file', 'by-port']) await untilPid(name, crm.pid!);
    if (round < rounds) await kill(crm);
  }
  for (const name of ['by-file', 'by-port']) {
    const points = pointsOf(name);
    assert.equal(points.at(-1)?.values.restarts_total, rounds, name);
    for (const { values } of points) {
      assert.ok((values.cpu_usage_percent ?? 0) >= 0 && (values.cpu_usage_percent ?? 0) < 1000);
    }
  }
});

test('a pid that another program got is never taken for the process that had it', async (t) => {
  if (!canChoosePids()) return t.skip(`needs root: ${lastPidFile} cannot be written`);
  const crm = current();
  const pid = crm.pid!;
  await kill(crm);
  const restarts = pointsOf('by-file').at(-1)!.values.restarts_total;
  const stranger = await startWithPid(pid);
  const takenMs = Date.now();
  await untilTrue(async () => assert.match(await problemOf('by-file'), /another program/, agent.log()));
  await untilTicks(agent, 4);
  assert.deepEqual(
    pointsOf('by-file', takenMs + 500),
    [],
    'the pid file still names the process that is gone',
  );
  assert.deepEqual(pointsOf('by-port', takenMs + 500), []);
  if (stranger) await kill(stranger);
  const next = await startCrm();
  writePidFile(next.pid!);
  for (const name of ['by-file', 'by-port']) {
    await untilPid(name, next.pid!);
    assert.equal(
      pointsOf(name).at(-1)?.values.restarts_total,
      restarts! + 1,
      `${name}: the stranger is no start`,
    );
  }
});

test('a pid that was configured names one process, not whoever gets the number later', async (t) => {
  if (!canChoosePids()) return t.skip(`needs root: ${lastPidFile} cannot be written`);
  const pid = pointsOf('by-pid').at(-1)!.values.pid!;
  const stranger = await startWithPid(pid);
  const takenMs = Date.now();
  await untilTrue(async () => assert.match(await problemOf('by-pid'), /another program/, agent.log()));
  await untilTicks(agent, 4);
  assert.deepEqual(pointsOf('by-pid', takenMs), []);
  if (stranger) await kill(stranger);
});

test('through all of it every tick was taken, and the ledger holds', async (t) => {
  rmSync(pipe());
  const missed = valuesOf(stored(agent, 'agent'), 'ticks_missed_total').at(-1);
  t.diagnostic(`${missed} ticks missed`);
  t.diagnostic(`${await endAndCheck(agent, influx.url)} points, each once in InfluxDB`);
});

function canChoosePids(): boolean {
  try {
    accessSync(lastPidFile, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A program of another kind with this pid: the kernel gives the next number, unless somebody else takes it. Who else has
 * it for long is a stranger as good as ours: then there is none of ours.
 */
async function startWithPid(pid: number): Promise<ChildProcess | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    for (let tries = 0; tries < 50 && !existsSync(`/proc/${pid}`); tries++) {
      writeFileSync(lastPidFile, `${pid - 1}`);
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      if (child.pid === pid) {
        children.push(child);
        return child;
      }
      child.kill('SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(existsSync(`/proc/${pid}`), `pid ${pid} could not be had`);
  return undefined;
}
