import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import pidusage from 'pidusage';
import { createProcessCells } from '../../../workers/contract/process-cells.ts';
import type { ProcessFinder } from '../../../workers/contract/tasks.ts';
import { kernelConstants } from '../../../workers/probes/auxiliary-vector.ts';
import type { Sample } from '../../../workers/probes/sample.ts';
import { Sampler } from '../../../workers/probes/sampler.ts';
import { burn, cpuTicksOf, LiveProcess } from './live-process.ts';
import { field } from './named-values.ts';
import { ProcFolder } from './proc-folder.ts';
import '../../support/watchdog.ts';

/**
 * Against the real /proc and real processes. Time is held: 10 s pass from sample to sample whatever the machine
 * does, so that a clock tick of CPU time (10 ms) is 0.1 %, and what the sampler saw can be told in ticks.
 */
const stepMs = 10_000;
const ticksOf = (percent: number) => Math.round(percent * 10);

let folder: ProcFolder;
let nowMs: number;
const ends: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  folder = new ProcFolder();
  nowMs = 0;
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  folder.end();
});

async function start(code: string): Promise<LiveProcess> {
  const live = new LiveProcess(`${burn};${code};console.log('up')`);
  ends.push(() => live.end());
  assert.equal(await live.line(), 'up');
  return live;
}

function watch(find: ProcessFinder): () => Sample {
  const plan = {
    procRoot: '/proc',
    cgroupRoot: folder.cgroupRoot,
    slowEveryMs: stepMs,
    processes: [{ name: 'crm', find }],
  };
  const sampler = new Sampler(plan, createProcessCells(), () => nowMs);
  ends.push(() => sampler.close());
  return () => {
    const sample = sampler.sample();
    assert.ok(!(sample instanceof Promise));
    nowMs += stepMs;
    return sample;
  };
}

const cpu = (sample: Sample) => ticksOf(field(sample, 'process/crm', 'cpu_usage_percent'));
const up = (sample: Sample) => sample.sources.find(({ source }) => source === 'process/crm')?.up;

test('the CPU time of a loaded process lies between what /proc tells right before and right after', async () => {
  const live = await start("process.stdin.on('data', () => { burn(300); console.log('done'); })");
  const sample = watch({ by: 'pid', pid: live.pid });
  const before1 = cpuTicksOf(live.pid).own;
  sample();
  const after1 = cpuTicksOf(live.pid).own;
  live.tell('go');
  await live.line();
  const before2 = cpuTicksOf(live.pid).own;
  const seen = cpu(sample());
  const after2 = cpuTicksOf(live.pid).own;
  assert.ok(seen >= before2 - after1 && seen <= after2 - before1, `${before2 - after1} <= ${seen}`);
  assert.ok(seen >= 25, 'a burn of 300 ms is about 30 ticks');
});

test('pidusage, asked right before and right after, agrees', async () => {
  const live = await start("process.stdin.on('data', () => { burn(300); console.log('done'); })");
  ends.push(() => pidusage.clear());
  const sample = watch({ by: 'pid', pid: live.pid });
  const ticks = async () => Math.round((await pidusage(live.pid)).ctime / 10);
  const before1 = await ticks();
  sample();
  const after1 = await ticks();
  live.tell('go');
  await live.line();
  const before2 = await ticks();
  const seen = cpu(sample());
  const after2 = await ticks();
  assert.ok(seen >= before2 - after1 && seen <= after2 - before1);
  assert.ok(seen >= 25);
});

test('memory, threads and age of an idle process are what /proc tells', async () => {
  const live = await start('');
  const sample = watch({ by: 'pid', pid: live.pid });
  const seen = sample();
  const { rssPages, threads } = cpuTicksOf(live.pid);
  const rssBytes = rssPages * kernelConstants().pageBytes;
  assert.ok(Math.abs(field(seen, 'process/crm', 'memory_rss_bytes') - rssBytes) < 0.2 * rssBytes);
  assert.equal(field(seen, 'process/crm', 'threads'), threads);
  assert.equal(field(seen, 'process/crm', 'children'), 0);
  assert.ok(field(seen, 'process/crm', 'open_fds') >= 3);
  const age = field(seen, 'process/crm', 'uptime_seconds');
  assert.ok(age > 0 && age < Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]));
});

test('nothing of children that come and go is lost or counted twice', async () => {
  const live = await start(`
    const { spawn } = require('node:child_process');
    const code = ${JSON.stringify(`${burn}; burn(120)`)};
    process.stdin.on('data', () => {
      let left = 5;
      for (let i = 0; i < left; i++) setTimeout(() => {
        spawn(process.execPath, ['-e', code], { stdio: 'ignore' }).on('exit', () => --left || console.log('done'));
      }, i * 70);
    })`);
  const total = () => cpuTicksOf(live.pid).own + cpuTicksOf(live.pid).reaped;
  const sample = watch({ by: 'pid', pid: live.pid });
  const before1 = total();
  sample();
  const after1 = total();
  let seen = 0;
  let mostChildren = 0;
  let done = false;
  live.tell('go');
  const ended = live.line().then(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = sample();
    seen += cpu(now);
    mostChildren = Math.max(mostChildren, field(now, 'process/crm', 'children'));
  }
  await ended;
  const before2 = total();
  seen += cpu(sample());
  const after2 = total();
  assert.ok(
    seen >= before2 - after1 && seen <= after2 - before1,
    `${before2 - after1} <= ${seen} <= ${after2 - before1}`,
  );
  assert.ok(seen >= 50, 'five burns of 120 ms are about 60 ticks');
  assert.ok(mostChildren > 0);
});

test('a process whose name has parentheses and spaces is read right', async () => {
  const live = await start("process.title = 'x) R 1 (y'");
  const { threads } = cpuTicksOf(live.pid);
  const seen = watch({ by: 'pid', pid: live.pid })();
  assert.match(readFileSync(`/proc/${live.pid}/stat`, 'utf8'), /\(x\) R 1 \(y\)/);
  assert.equal(field(seen, 'process/crm', 'threads'), threads);
});

test('a process is found by its pid file, missed when it ends, and its successor is a restart', async () => {
  const first = await start('');
  folder.write('crm.pid', `${first.pid}\n`);
  const sample = watch({ by: 'pidFile', path: join(folder.folder, 'crm.pid') });
  assert.equal(field(sample(), 'process/crm', 'pid'), first.pid);
  await first.end();
  assert.equal(up(sample()), false);
  const second = await start('');
  folder.write('crm.pid', `${second.pid}\n`);
  const seen = sample();
  assert.equal(field(seen, 'process/crm', 'pid'), second.pid);
  assert.equal(field(seen, 'process/crm', 'restarts_total'), 1);
});

for (const address of ['127.0.0.1', '::1']) {
  test(`a process is found by the port that it listens on at ${address}`, async (t) => {
    const live = new LiveProcess(
      `const server = require('node:net').createServer();
       server.on('error', () => console.log('none'));
       server.listen(0, '${address}', () => console.log(server.address().port));`,
    );
    ends.push(() => live.end());
    const port = await live.line();
    if (port === 'none') return t.skip(`no ${address} here`);
    const seen = watch({ by: 'port', port: Number(port) })();
    assert.equal(field(seen, 'process/crm', 'pid'), live.pid);
  });
}

test('a process that we did not start is found by its command line, one that we started is not', async () => {
  const text = `nova-match-${process.pid}`;
  const child = await start(`/* ${text} */`);
  const sample = watch({ by: 'match', text });
  assert.equal(up(sample()), false);
  const stranger = await startStranger(`/* ${text} */ setTimeout(() => {}, 60000)`);
  const seen = sample();
  assert.equal(field(seen, 'process/crm', 'pid'), stranger);
  assert.notEqual(stranger, child.pid);
});

test('a pid that no process has is down with the reason', async () => {
  const live = await start('');
  await live.end();
  const [status] = watch({ by: 'pid', pid: live.pid })().sources.slice(-1);
  assert.equal(status?.up, false);
  assert.equal(status?.problem, `no process runs with pid ${live.pid}`);
});

/** Starts Node through a shell that ends at once, so that it is nobody's child; its pid. */
async function startStranger(code: string): Promise<number> {
  const shell = spawn('sh', ['-c', '"$0" -e "$1" >/dev/null 2>&1 & echo $!', process.execPath, code]);
  let printed = '';
  shell.stdout.on('data', (data) => {
    printed += data;
  });
  await once(shell, 'close');
  const pid = Number(printed);
  ends.push(() => {
    process.kill(pid, 'SIGKILL');
  });
  return pid;
}
