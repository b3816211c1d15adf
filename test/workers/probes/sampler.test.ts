import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createProcessCells, maxProcesses } from '../../../workers/contract/process-cells.ts';
import type { ProcessTarget } from '../../../workers/contract/tasks.ts';
import { fieldsOf } from '../../../workers/point/catalogue.ts';
import { parseLayout } from '../../../workers/point/point.ts';
import type { Sample } from '../../../workers/probes/sample.ts';
import { Sampler } from '../../../workers/probes/sampler.ts';
import { field } from './named-values.ts';
import { ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
let cells: SharedArrayBuffer;
let nowMs: number;
const samplers: Sampler[] = [];
const crm: ProcessTarget = { name: 'crm', find: { by: 'pid', pid: 200 } };
const matched: ProcessTarget = { name: 'crm', find: { by: 'match', text: 'server.js' } };

beforeEach(() => {
  folder = new ProcFolder();
  folder.write('proc/100/mountinfo', `36 35 8:1 / ${folder.folder} rw - ext4 /dev/sda1 rw\n`);
  folder.process(200, { startTicks: 50_000 });
  cells = createProcessCells();
  nowMs = 0;
});
afterEach(() => {
  for (const sampler of samplers.splice(0)) sampler.close();
  folder.end();
});

function samplerOf(processes: readonly ProcessTarget[] = [crm]): Sampler {
  const { procRoot, cgroupRoot } = folder;
  const sampler = new Sampler({ procRoot, cgroupRoot, slowEveryMs: 10_000, processes }, cells, () => nowMs);
  samplers.push(sampler);
  return sampler;
}

function sampleAt(sampler: Sampler, atMs: number): Sample {
  nowMs = atMs;
  const sample = sampler.sample();
  assert.ok(!(sample instanceof Promise));
  return sample;
}

const sourcesOf = (sample: Sample) => sample.readings.map(({ source }) => source);
const status = (sample: Sample, source: string) => sample.sources.find((one) => one.source === source);

test('every source has a status each time, and disk a reading only when it is due', () => {
  const sampler = samplerOf();
  const samples = [0, 2000, 4000, 6000, 8000, 10_000].map((at) => sampleAt(sampler, at));
  for (const sample of samples) {
    assert.deepEqual(
      sample.sources.map(({ source, up }) => [source, up]),
      [
        ['host', true],
        ['disk', true],
        ['process/crm', true],
      ],
    );
  }
  assert.deepEqual(
    samples.map((sample) => sourcesOf(sample).includes('disk')),
    [true, false, false, false, false, true],
  );
});

test('open files and children are known only when they were read', () => {
  folder.process(200, { sockets: [1, 2, 3] });
  folder.process(201, { parentPid: 200 });
  const sampler = samplerOf();
  const first = sampleAt(sampler, 0);
  assert.deepEqual(
    [field(first, 'process/crm', 'open_fds'), field(first, 'process/crm', 'children')],
    [3, 1],
  );
  const second = sampleAt(sampler, 2000);
  assert.ok(Number.isNaN(field(second, 'process/crm', 'open_fds')));
  assert.ok(Number.isNaN(field(second, 'process/crm', 'children')));
});

test('layouts hold the catalogue’s fields and keep their text from sample to sample', () => {
  const sampler = samplerOf();
  const first = sampleAt(sampler, 0);
  for (const { layout, values } of first.readings) {
    const { points, width } = parseLayout(layout, {});
    assert.equal(values.length, width);
    for (const { measurement, fields } of points) {
      assert.deepEqual(fields, fieldsOf(measurement as 'system' | 'disk' | 'process'));
    }
  }
  const second = sampleAt(sampler, 10_000);
  assert.deepEqual(
    second.readings.map(({ layout }) => layout),
    first.readings.map(({ layout }) => layout),
  );
});

test('values of a sample are its own: the next sample does not write over them', () => {
  const sampler = samplerOf();
  const first = sampleAt(sampler, 0);
  const kept = first.readings.map(({ values }) => [...values]);
  folder.host({ uptimeSeconds: 1234 });
  sampleAt(sampler, 2000);
  assert.deepEqual(
    first.readings.map(({ values }) => [...values]),
    kept,
  );
});

test('CPU is over the time between the two readings, in percent of one core', () => {
  const sampler = samplerOf();
  sampleAt(sampler, 0);
  folder.process(200, { startTicks: 50_000, ownTicks: 300 });
  assert.equal(field(sampleAt(sampler, 2000), 'process/crm', 'cpu_usage_percent'), 150);
});

test('age is the time since boot less the start time', () => {
  folder.host({ uptimeSeconds: 812.34 });
  assert.equal(field(sampleAt(samplerOf(), 0), 'process/crm', 'uptime_seconds'), 312.34);
});

test('a process that is found anew under the same pid is a restart', () => {
  const sampler = samplerOf([matched]);
  folder.process(200, { startTicks: 50_000, commandLine: ['node', 'server.js'] });
  assert.equal(field(sampleAt(sampler, 0), 'process/crm', 'restarts_total'), 0);
  folder.process(200, { startTicks: 90_000, ownTicks: 700, commandLine: ['node', 'server.js'] });
  const sample = sampleAt(sampler, 2000);
  assert.equal(field(sample, 'process/crm', 'restarts_total'), 1);
  assert.ok(Number.isNaN(field(sample, 'process/crm', 'cpu_usage_percent')));
});

test('a restart while no sampler looked is noticed by the next one', () => {
  folder.process(200, { startTicks: 50_000, commandLine: ['node', 'server.js'] });
  sampleAt(samplerOf([matched]), 0);
  folder.process(200, { startTicks: 90_000, commandLine: ['node', 'server.js'] });
  assert.equal(field(sampleAt(samplerOf([matched]), 0), 'process/crm', 'restarts_total'), 1);
});

test('a process that is gone gives no point, is down with the reason, and comes back', () => {
  const target: ProcessTarget = {
    name: 'crm',
    find: { by: 'pidFile', path: `${folder.folder}/crm.pid` },
  };
  folder.write('crm.pid', '200');
  const sampler = samplerOf([target]);
  sampleAt(sampler, 0);
  folder.process(200, { state: 'Z', startTicks: 50_000 });
  const gone = sampleAt(sampler, 2000);
  assert.deepEqual(sourcesOf(gone), ['host']);
  const { up, problem } = status(gone, 'process/crm')!;
  assert.equal(up, false);
  assert.match(problem, /^no process runs with pid 200, which .*crm\.pid names$/);
  folder.process(201, { startTicks: 60_000 });
  folder.write('crm.pid', '201');
  const back = sampleAt(sampler, 4000);
  assert.equal(status(back, 'process/crm')?.up, true);
  assert.equal(field(back, 'process/crm', 'restarts_total'), 1);
});

test('a pid that was configured is not watched any more when another program gets it', () => {
  const sampler = samplerOf();
  sampleAt(sampler, 0);
  folder.process(200, { startTicks: 90_000, ownTicks: 700 });
  for (const each of [sampler, samplerOf()]) {
    const sample = sampleAt(each, 2000);
    assert.deepEqual(sourcesOf(sample).includes('process/crm'), false);
    assert.match(status(sample, 'process/crm')?.problem ?? '', /another program has that pid now/);
  }
});

test('every process is looked through for a missing one every two seconds only', () => {
  const sampler = samplerOf([matched]);
  assert.equal(status(sampleAt(sampler, 0), 'process/crm')?.up, false);
  folder.process(300, { commandLine: ['node', 'server.js'] });
  const early = sampleAt(sampler, 1000);
  assert.match(status(early, 'process/crm')?.problem ?? '', /no process has "server.js"/);
  assert.equal(field(sampleAt(sampler, 2000), 'process/crm', 'pid'), 300);
});

test('a pid file that comes to name another process is followed though the old one still runs', () => {
  folder.write('crm.pid', '200');
  folder.process(201, { startTicks: 70_000 });
  const sampler = samplerOf([{ name: 'crm', find: { by: 'pidFile', path: `${folder.folder}/crm.pid` } }]);
  assert.equal(field(sampleAt(sampler, 0), 'process/crm', 'pid'), 200);
  folder.write('crm.pid', '201');
  const sample = sampleAt(sampler, 10_000);
  assert.equal(field(sample, 'process/crm', 'pid'), 201);
  assert.equal(field(sample, 'process/crm', 'restarts_total'), 1);
});

test('memory is against the limit of the cgroup of the process, else against the host', () => {
  folder.write('proc/100/cgroup', '0::/agent\n');
  folder.write('cgroup/agent/memory.max', 'max\n');
  folder.process(200, { rssPages: 100, cgroup: '0::/crm\n' });
  folder.host({ memory: 'MemTotal: 4000 kB\nMemFree: 1000 kB\nMemAvailable: 2000 kB\n' });
  const unlimited = sampleAt(samplerOf(), 0);
  const rssBytes = field(unlimited, 'process/crm', 'memory_rss_bytes');
  const percentOf = (limit: number) => Math.round((rssBytes / limit) * 10_000) / 100;
  assert.equal(field(unlimited, 'process/crm', 'memory_usage_percent'), percentOf(4000 * 1024));
  folder.write('cgroup/crm/memory.max', `${2000 * 1024}\n`);
  const limited = sampleAt(samplerOf(), 0);
  assert.equal(field(limited, 'process/crm', 'memory_usage_percent'), percentOf(2000 * 1024));
});

test('a process in another container is held against the limit that it sees itself', () => {
  folder.write('proc/100/cgroup', '0::/\n');
  folder.write('cgroup/memory.max', '1000000\n');
  folder.process(200, { rssPages: 100, cgroup: '0::/../other\n' });
  folder.write('proc/200/root/sys/fs/cgroup/memory.max', `${1600 * 1024}\n`);
  const sample = sampleAt(samplerOf(), 0);
  const rssBytes = field(sample, 'process/crm', 'memory_rss_bytes');
  const expected = Math.round((rssBytes / (1600 * 1024)) * 10_000) / 100;
  assert.equal(field(sample, 'process/crm', 'memory_usage_percent'), expected);
});

test('open files that may not be counted are absent and named, and the process is up', () => {
  folder.remove('proc/200/fd');
  folder.write('proc/200/fd', '');
  const sample = sampleAt(samplerOf(), 0);
  assert.ok(Number.isNaN(field(sample, 'process/crm', 'open_fds')));
  assert.equal(status(sample, 'process/crm')?.up, true);
  assert.match(status(sample, 'process/crm')?.problem ?? '', /open files cannot be counted \(ENOTDIR\)/);
});

test('processes beyond the shared cells are down with the reason', () => {
  const many = Array.from({ length: maxProcesses + 1 }, (_, i) => ({ ...crm, name: `p${i}` }));
  const sample = sampleAt(samplerOf(many), 0);
  assert.equal(sample.readings.filter(({ source }) => source.startsWith('process/')).length, maxProcesses);
  assert.match(status(sample, `process/p${maxProcesses}`)?.problem ?? '', /only the first 256/);
});

test('without a proc file system it samples portably', async () => {
  const plan = { procRoot: '/nowhere', cgroupRoot: '/nowhere', slowEveryMs: 10_000, processes: [] };
  const sampler = new Sampler(plan, cells);
  samplers.push(sampler);
  const sample = sampler.sample();
  assert.ok(sample instanceof Promise);
  assert.ok(field(await sample, 'host', 'memory_total_bytes') > 0);
});
