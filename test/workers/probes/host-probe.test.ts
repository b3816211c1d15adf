import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem, uptime } from 'node:os';
import { afterEach, beforeEach, test } from 'node:test';
import { fieldsOf } from '../../../workers/point/catalogue.ts';
import { parseLayout } from '../../../workers/point/point.ts';
import { HostProbe, hostLayout } from '../../../workers/probes/host-probe.ts';
import { KernelText } from '../../../workers/probes/kernel-file.ts';
import { ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
let probe: HostProbe;
beforeEach(() => {
  folder = new ProcFolder();
  probe = new HostProbe(folder, new KernelText());
});
afterEach(() => {
  probe.close();
  folder.end();
});

function read(of: HostProbe, nowMs: number, slow = true) {
  const { values, up, problem } = of.sample(nowMs, slow);
  const { fields } = parseLayout(hostLayout, {}).points[0]!;
  const named = values && Object.fromEntries(fields.map((field, i) => [field, values[i]]));
  return { ...named, up, problem } as Record<string, number | string | boolean>;
}

test('emits the fields of the catalogue', () => {
  assert.deepEqual(parseLayout(hostLayout, {}).points, [
    { measurement: 'system', tags: {}, fields: fieldsOf('system') },
  ]);
});

test('CPU use is not known at the first reading, and from the difference at the second', () => {
  folder.host({ cpu: [100, 10, 50, 800, 40, 0, 0, 0, 30, 0] });
  assert.ok(Number.isNaN(read(probe, 0).cpu_usage_percent));
  folder.host({ cpu: [130, 15, 60, 900, 60, 2, 3, 10, 55, 0] });
  // busy 30 + 5 + 10 + 2 + 3 + 10 steal = 60; idle 100 + 20 iowait.
  assert.equal(read(probe, 1000).cpu_usage_percent, 33.33);
});

test('CPU time that runs backwards gives no use, not a negative one', () => {
  folder.host({ cpu: [100, 0, 50, 800, 0, 0, 0, 0, 0, 0] });
  read(probe, 0);
  folder.host({ cpu: [90, 0, 50, 900, 0, 0, 0, 0, 0, 0] });
  assert.ok(Number.isNaN(read(probe, 1000).cpu_usage_percent));
  folder.host({ cpu: [190, 0, 50, 800, 0, 0, 0, 0, 0, 0] });
  assert.ok(Number.isNaN(read(probe, 2000).cpu_usage_percent));
});

test('iowait alone may run backwards, as the kernel lets it', () => {
  folder.host({ cpu: [100, 0, 0, 800, 50, 0, 0, 0, 0, 0] });
  read(probe, 0);
  folder.host({ cpu: [200, 0, 0, 900, 49, 0, 0, 0, 0, 0] });
  assert.equal(read(probe, 1000).cpu_usage_percent, 50);
});

test('cores are the ones that are online', () => {
  folder.host({ cores: 3 });
  assert.equal(read(probe, 0).cpu_cores, 3);
});

test('load, memory and uptime come as the kernel tells them', () => {
  folder.host({ uptimeSeconds: 4321.25 });
  const now = read(probe, 0);
  assert.deepEqual([now.load1, now.load5, now.load15], [0.5, 1.25, 12]);
  assert.equal(now.memory_total_bytes, 8000 * 1024);
  assert.equal(now.memory_used_bytes, 2000 * 1024);
  assert.equal(now.memory_free_bytes, 1000 * 1024);
  assert.equal(now.memory_available_bytes, 6000 * 1024);
  assert.equal(now.memory_usage_percent, 25);
  assert.equal(now.uptime_seconds, 4321.25);
  assert.equal(now.problem, '');
});

test('what a file does not tell is not known, and the rest is', () => {
  folder.host({ memory: 'MemTotal: 8000 kB\nMemFree: 1000 kB\n' });
  folder.remove('proc/loadavg');
  const now = read(probe, 0);
  assert.ok(Number.isNaN(now.memory_used_bytes));
  assert.ok(Number.isNaN(now.load1));
  assert.equal(now.memory_free_bytes, 1000 * 1024);
  assert.equal(now.up, true);
  assert.match(`${now.problem}`, /loadavg: ENOENT/);
});

test('a host of which nothing can be read is down', () => {
  for (const name of ['stat', 'meminfo', 'loadavg', 'uptime']) folder.remove(`proc/${name}`);
  const now = read(probe, 0);
  assert.equal(now.up, false);
  assert.equal(now.cpu_usage_percent, undefined);
});

test('under a cgroup v2 quota, CPU is against the quota', () => {
  folder.write('proc/100/cgroup', '0::/pod/app\n');
  folder.write('cgroup/pod/app/cpu.max', '150000 100000\n');
  folder.write('cgroup/pod/app/cpu.stat', 'usage_usec 1000000\nuser_usec 600000\n');
  assert.ok(Number.isNaN(read(probe, 0).cpu_usage_percent));
  folder.write('cgroup/pod/app/cpu.stat', 'usage_usec 1600000\nuser_usec 600000\n');
  const now = read(probe, 1000);
  assert.equal(now.cpu_usage_percent, 40);
  assert.equal(now.cpu_cores, 1.5);
});

test('the smallest limit up to the root counts, with the usage of the cgroup that sets it', () => {
  folder.write('proc/100/cgroup', '0::/pod/app\n');
  folder.write('cgroup/pod/app/memory.max', 'max\n');
  folder.write('cgroup/pod/app/memory.current', '1000\n');
  folder.write('cgroup/pod/memory.max', `${4000 * 1024}\n`);
  folder.write('cgroup/pod/memory.current', `${3000 * 1024}\n`);
  folder.write('cgroup/pod/memory.stat', `anon 5\nfile 6\ninactive_file ${1000 * 1024}\n`);
  const now = read(probe, 0);
  assert.equal(now.memory_total_bytes, 4000 * 1024);
  assert.equal(now.memory_used_bytes, 2000 * 1024);
  assert.equal(now.memory_available_bytes, 2000 * 1024);
  assert.equal(now.memory_free_bytes, 1000 * 1024);
  assert.equal(now.memory_usage_percent, 50);
});

test('limits that are not below what the host has change nothing', () => {
  folder.write('proc/100/cgroup', '0::/pod\n');
  folder.write('cgroup/pod/cpu.max', '800000 100000\n');
  folder.write('cgroup/pod/memory.max', `${9000 * 1024}\n`);
  const now = read(probe, 0);
  assert.equal(now.cpu_cores, 4);
  assert.equal(now.memory_total_bytes, 8000 * 1024);
  assert.equal(now.problem, '');
});

test('in a container whose path is not below the mount, the mount is its cgroup', () => {
  folder.write('proc/100/cgroup', '0::/system.slice/docker-1234.scope\n');
  folder.write('cgroup/cpu.max', '50000 100000\n');
  folder.write('cgroup/cpu.stat', 'usage_usec 0\n');
  read(probe, 0);
  folder.write('cgroup/cpu.stat', 'usage_usec 250000\n');
  const now = read(probe, 1000, false);
  assert.equal(now.cpu_cores, 0.5);
  assert.equal(now.cpu_usage_percent, 50);
});

test('cgroup v1: quota over period, cpuacct in nanoseconds, unlimited memory as a huge number', () => {
  folder.write(
    'proc/100/cgroup',
    '4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n0::/\n',
  );
  const cpu = 'cgroup/cpu,cpuacct/docker/1';
  folder.write(`${cpu}/cpu.cfs_quota_us`, '200000\n');
  folder.write(`${cpu}/cpu.cfs_period_us`, '100000\n');
  folder.write(`${cpu}/cpuacct.usage`, '5000000000\n');
  folder.write('cgroup/memory/docker/1/memory.limit_in_bytes', '9223372036854771712\n');
  read(probe, 0);
  folder.write(`${cpu}/cpuacct.usage`, '5500000000\n');
  const now = read(probe, 1000);
  assert.equal(now.cpu_cores, 2);
  assert.equal(now.cpu_usage_percent, 25);
  assert.equal(now.memory_total_bytes, 8000 * 1024);
});

test('cgroup v1: a memory limit of its own, in a hierarchy beside that of the CPU', () => {
  folder.write('proc/100/cgroup', '4:memory:/docker/1\n3:cpu:/docker/1\n2:cpuacct:/docker/1\n0::/\n');
  folder.write('cgroup/cpu/docker/1/cpu.cfs_quota_us', '100000\n');
  folder.write('cgroup/cpu/docker/1/cpu.cfs_period_us', '100000\n');
  folder.write('cgroup/cpuacct/docker/1/cpuacct.usage', '0\n');
  const memory = 'cgroup/memory/docker/1';
  folder.write(`${memory}/memory.limit_in_bytes`, `${2000 * 1024}\n`);
  folder.write(`${memory}/memory.usage_in_bytes`, `${900 * 1024}\n`);
  folder.write(`${memory}/memory.stat`, `inactive_file 1\ntotal_inactive_file ${400 * 1024}\n`);
  read(probe, 0);
  folder.write('cgroup/cpuacct/docker/1/cpuacct.usage', '900000000\n');
  const now = read(probe, 1000);
  assert.equal(now.cpu_usage_percent, 90);
  assert.equal(now.memory_usage_percent, 25);
});

test('a quota of -1 is none', () => {
  folder.write('proc/100/cgroup', '3:cpu,cpuacct:/\n');
  folder.write('cgroup/cpu,cpuacct/cpu.cfs_quota_us', '-1\n');
  folder.write('cgroup/cpu,cpuacct/cpu.cfs_period_us', '100000\n');
  assert.equal(read(probe, 0).cpu_cores, 4);
});

test('cgroup CPU time that runs backwards gives no use', () => {
  folder.write('proc/100/cgroup', '0::/\n');
  folder.write('cgroup/cpu.max', '100000 100000\n');
  folder.write('cgroup/cpu.stat', 'usage_usec 900\n');
  read(probe, 0);
  folder.write('cgroup/cpu.stat', 'usage_usec 100\n');
  assert.ok(Number.isNaN(read(probe, 1000).cpu_usage_percent));
});

test('a limit that is set while running is taken over, and dropped again', () => {
  folder.write('proc/100/cgroup', '0::/\n');
  assert.equal(read(probe, 0).cpu_cores, 4);
  folder.write('cgroup/cpu.max', '100000 100000\n');
  assert.equal(read(probe, 1000, false).cpu_cores, 4);
  assert.equal(read(probe, 2000, true).cpu_cores, 1);
  folder.write('cgroup/cpu.max', 'max 100000\n');
  assert.equal(read(probe, 3000, true).cpu_cores, 4);
});

test('a cgroup that went away leaves its figures unknown and says so', () => {
  folder.write('proc/100/cgroup', '0::/\n');
  folder.write('cgroup/memory.max', '1000000\n');
  const now = read(probe, 0);
  assert.ok(Number.isNaN(now.memory_used_bytes));
  assert.match(`${now.problem}`, /memory.current: ENOENT/);
});

test('on the live proc file system, agrees with node:os', () => {
  const live = new HostProbe({ procRoot: '/proc', cgroupRoot: folder.cgroupRoot }, new KernelText());
  const before = uptime();
  const now = read(live, 0);
  const after = uptime();
  live.close();
  assert.ok(Number(now.uptime_seconds) >= before - 0.02 && Number(now.uptime_seconds) <= after + 0.02);
  assert.equal(now.memory_total_bytes, totalmem());
  assert.ok(Number(now.cpu_cores) >= availableParallelism());
});

test('on the live proc file system, CPU use lies between what two pairs of readings around it allow', async () => {
  const live = new HostProbe({ procRoot: '/proc', cgroupRoot: folder.cgroupRoot }, new KernelText());
  const cpu = () => {
    const line = readFileSync('/proc/stat', 'utf8').split('\n')[0]!;
    const [user, nice, system, idle, iowait, irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number);
    return { busy: user! + nice! + system! + irq! + softirq! + steal!, idle: idle! + iowait! };
  };
  const before1 = cpu();
  read(live, 0);
  const after1 = cpu();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before2 = cpu();
  const used = Number(read(live, 1000).cpu_usage_percent);
  const after2 = cpu();
  live.close();
  const percent = (busy: number, idle: number) => (busy / (busy + idle)) * 100;
  const least = percent(before2.busy - after1.busy, after2.idle - before1.idle);
  const most = percent(after2.busy - before1.busy, before2.idle - after1.idle);
  assert.ok(used >= least - 0.01 && used <= most + 0.01, `${least} <= ${used} <= ${most}`);
});
