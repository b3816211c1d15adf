import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createProcessCells } from '../../../workers/contract/process-cells.ts';
import type { ProcessFinder } from '../../../workers/contract/tasks.ts';
import { PortableSampler } from '../../../workers/probes/portable-sampler.ts';
import type { Sample } from '../../../workers/probes/sample.ts';
import { burn, cpuTicksOf, LiveProcess } from './live-process.ts';
import { field } from './named-values.ts';
import { ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
let live: LiveProcess;
let nowMs: number;
const samplers: PortableSampler[] = [];

beforeEach(async () => {
  nowMs = 0;
  folder = new ProcFolder();
  live = new LiveProcess(
    `${burn}; process.stdin.on('data', () => { burn(200); console.log('done'); }); console.log('up')`,
  );
  await live.line();
});
afterEach(async () => {
  for (const sampler of samplers.splice(0)) sampler.close();
  await live.end();
  folder.end();
});

function samplerFor(find: ProcessFinder, cells = createProcessCells(), platform?: string): PortableSampler {
  const plan = {
    procRoot: '/nowhere',
    cgroupRoot: '/nowhere',
    slowEveryMs: 10_000,
    processes: [{ name: 'crm', find }],
  };
  const sampler = new PortableSampler(plan, cells, () => nowMs, platform);
  samplers.push(sampler);
  return sampler;
}

const status = (sample: Sample, source: string) => sample.sources.find((one) => one.source === source);

test('CPU of a process is the difference of its CPU time, as /proc tells it', async () => {
  const sampler = samplerFor({ by: 'pid', pid: live.pid });
  const before1 = cpuTicksOf(live.pid).own;
  assert.ok(Number.isNaN(field(await sampler.sample(), 'process/crm', 'cpu_usage_percent')));
  const after1 = cpuTicksOf(live.pid).own;
  live.tell('go');
  await live.line();
  nowMs = 10_000;
  const before2 = cpuTicksOf(live.pid).own;
  const percent = field(await sampler.sample(), 'process/crm', 'cpu_usage_percent');
  const after2 = cpuTicksOf(live.pid).own;
  // A tick is 10 ms of the 10 s between the readings: 0.1 %.
  assert.ok(percent * 10 >= before2 - after1 - 0.1 && percent * 10 <= after2 - before1 + 0.1);
  assert.ok(percent > 0);
});

test('what cannot be known here is not known, and said so', async () => {
  const sample = await samplerFor({ by: 'pid', pid: live.pid }).sample();
  for (const name of ['threads', 'open_fds', 'children']) {
    assert.ok(Number.isNaN(field(sample, 'process/crm', name)));
  }
  assert.ok(field(sample, 'process/crm', 'memory_rss_bytes') > 1_000_000);
  assert.equal(field(sample, 'process/crm', 'pid'), live.pid);
  assert.equal(status(sample, 'process/crm')?.up, true);
  assert.match(status(sample, 'process/crm')?.problem ?? '', /children, threads and open files/);
});

test('a process that ended is down, and its successor a restart', async () => {
  const cells = createProcessCells();
  const pidFile = join(folder.folder, 'crm.pid');
  folder.write('crm.pid', `${live.pid}`);
  const sampler = samplerFor({ by: 'pidFile', path: pidFile }, cells);
  await sampler.sample();
  await live.end();
  const gone = await sampler.sample();
  assert.equal(status(gone, 'process/crm')?.up, false);
  assert.match(status(gone, 'process/crm')?.problem ?? '', /no process runs with pid/);
  assert.equal(
    gone.readings.some(({ source }) => source === 'process/crm'),
    false,
  );

  live = new LiveProcess('console.log("up")');
  await live.line();
  folder.write('crm.pid', `${live.pid}`);
  const back = await sampler.sample();
  assert.equal(field(back, 'process/crm', 'restarts_total'), 1);
  assert.ok(Number.isNaN(field(back, 'process/crm', 'cpu_usage_percent')));
});

test('a process cannot be found by port, and that is said', async () => {
  const sample = await samplerFor({ by: 'port', port: 3000 }).sample();
  assert.match(status(sample, 'process/crm')?.problem ?? '', /by pid and pidFile only/);
});

test('the host and the disk are told by node:os and statfs', async () => {
  const sampler = samplerFor({ by: 'pid', pid: live.pid });
  const sample = await sampler.sample();
  assert.equal(field(sample, 'host', 'memory_total_bytes'), totalmem());
  assert.ok(field(sample, 'host', 'memory_used_bytes') > 0);
  assert.ok(field(sample, 'disk', 'free_bytes') > 0);
  const next = await sampler.sample();
  assert.equal(
    next.readings.some(({ source }) => source === 'disk'),
    false,
  );
  assert.equal(status(next, 'disk')?.up, true);
});

test('on macOS memory in use is unknown rather than wrong, on Windows the load is', async () => {
  const find: ProcessFinder = { by: 'pid', pid: live.pid };
  const mac = await samplerFor(find, createProcessCells(), 'darwin').sample();
  const windows = await samplerFor(find, createProcessCells(), 'win32').sample();
  assert.ok(Number.isNaN(field(mac, 'host', 'memory_usage_percent')));
  assert.ok(field(mac, 'host', 'memory_free_bytes') > 0);
  assert.ok(Number.isNaN(field(windows, 'host', 'load1')));
  assert.ok(field(windows, 'host', 'memory_usage_percent') > 0);
});
