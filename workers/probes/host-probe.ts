import { join } from 'node:path';
import { layoutText } from '../point/point.ts';
import { type CgroupLimit, type CgroupRoots, cpuLimit, memoryLimit } from './cgroup.ts';
import { CgroupCpu, CgroupMemory } from './cgroup-usage.ts';
import { CpuTimes } from './cpu-times.ts';
import { KernelFile, type KernelText } from './kernel-file.ts';
import { hundredths, percentOf } from './percent.ts';
import type { Outcome } from './sample.ts';

const fields = [
  'cpu_usage_percent',
  'cpu_cores',
  'load1',
  'load5',
  'load15',
  'memory_total_bytes',
  'memory_used_bytes',
  'memory_free_bytes',
  'memory_available_bytes',
  'memory_usage_percent',
  'uptime_seconds',
] as const;

export const hostLayout = layoutText([{ measurement: 'system', tags: {}, fields }]);

/** What a host probe reads at one moment, in the order of `hostLayout`. */
export function hostValues(of: Readonly<Record<(typeof fields)[number], number>>): Float64Array {
  return Float64Array.from(fields, (field) => of[field]);
}

/**
 * The host: CPU, load, memory, uptime. Where the cgroup that we run in has a CPU quota below the online cores, or a
 * memory limit below the host's memory, CPU or memory are those of that cgroup, against that limit.
 */
export class HostProbe {
  readonly #roots: CgroupRoots;
  readonly #text: KernelText;
  readonly #stat: KernelFile;
  readonly #loadavg: KernelFile;
  readonly #meminfo: KernelFile;
  readonly #uptime: KernelFile;
  readonly #cpuTimes = new CpuTimes();
  #cpu: CgroupCpu | undefined;
  #cpuKey = '';
  #memory: CgroupMemory | undefined;
  #memoryKey = '';
  #lastUsageMs = Number.NaN;
  #lastNowMs = Number.NaN;
  /** Seconds since the host started, as of the last reading; processes need it for their age. */
  uptimeSeconds = Number.NaN;
  /** Memory of the host, whatever the cgroup may have of it. */
  memoryBytes = Number.NaN;

  constructor(roots: CgroupRoots, text: KernelText) {
    const file = (name: string) => new KernelFile(join(roots.procRoot, name));
    this.#roots = roots;
    this.#text = text;
    this.#stat = file('stat');
    this.#loadavg = file('loadavg');
    this.#meminfo = file('meminfo');
    this.#uptime = file('uptime');
  }

  /** Reads once; limits only when `slow`. `nowMs` is monotonic. */
  sample(nowMs: number, slow: boolean): Outcome {
    const text = this.#text;
    if (this.#stat.read(text)) this.#cpuTimes.take(text);
    else this.#cpuTimes.forget();
    const memory = this.#readMemory();
    this.memoryBytes = memory.total;
    this.uptimeSeconds = this.#uptime.read(text) ? text.number() : Number.NaN;
    const loadKnown = this.#loadavg.read(text);
    const load = () => (loadKnown ? text.number() : Number.NaN);
    const [load1, load5, load15] = [load(), load(), load()];

    if (slow) this.#findLimits();
    const problems = [this.#cpu?.read(text) ?? '', this.#memory?.read(text) ?? ''];
    for (const file of [this.#stat, this.#meminfo, this.#uptime, this.#loadavg]) {
      if (file.problem !== '') problems.push(`${file.path}: ${file.problem}`);
    }
    const values = hostValues({
      ...this.#cpuNow(nowMs),
      load1,
      load5,
      load15,
      ...this.#memoryNow(memory),
      uptime_seconds: this.uptimeSeconds,
    });
    const up = values.some(Number.isFinite);
    return {
      values: up ? values : null,
      up,
      problem: problems.filter((problem) => problem !== '').join('; '),
    };
  }

  close(): void {
    for (const file of [this.#stat, this.#loadavg, this.#meminfo, this.#uptime]) file.close();
    this.#cpu?.close();
    this.#memory?.close();
  }

  #readMemory(): { total: number; free: number; available: number } {
    const text = this.#text;
    const known = this.#meminfo.read(text);
    const bytes = (key: string) => (known && text.seekLine(key) ? text.number() * 1024 : Number.NaN);
    return { total: bytes('MemTotal:'), free: bytes('MemFree:'), available: bytes('MemAvailable:') };
  }

  /** A limit that changed is another baseline; one that stayed keeps its open files. */
  #findLimits(): void {
    const cpu = below(cpuLimit(this.#roots, 'self'), this.#cpuTimes.onlineCores);
    if (JSON.stringify(cpu) !== this.#cpuKey) {
      this.#cpu?.close();
      this.#cpu = cpu && new CgroupCpu(cpu, this.#roots.cgroupRoot);
      this.#cpuKey = JSON.stringify(cpu);
      this.#lastUsageMs = Number.NaN;
    }
    const memory = below(memoryLimit(this.#roots, 'self'), this.memoryBytes);
    if (JSON.stringify(memory) !== this.#memoryKey) {
      this.#memory?.close();
      this.#memory = memory && new CgroupMemory(memory);
      this.#memoryKey = JSON.stringify(memory);
    }
  }

  #cpuNow(nowMs: number) {
    if (!this.#cpu) {
      const { usagePercent, onlineCores } = this.#cpuTimes;
      return { cpu_usage_percent: usagePercent, cpu_cores: onlineCores };
    }
    const { usageMs, quotaCores } = this.#cpu;
    const usage = percentOf(usageMs - this.#lastUsageMs, (nowMs - this.#lastNowMs) * quotaCores);
    this.#lastUsageMs = usageMs;
    this.#lastNowMs = nowMs;
    return { cpu_usage_percent: usage, cpu_cores: hundredths(quotaCores) };
  }

  #memoryNow(host: { total: number; free: number; available: number }) {
    const total = this.#memory ? this.#memory.limitBytes : host.total;
    const used = this.#memory ? this.#memory.workingSetBytes : host.total - host.available;
    return {
      memory_total_bytes: total,
      memory_used_bytes: used,
      memory_free_bytes: this.#memory ? Math.max(0, total - this.#memory.usageBytes) : host.free,
      memory_available_bytes: Math.max(0, total - used),
      memory_usage_percent: percentOf(used, total),
    };
  }
}

/** A limit that is not below what the host has anyway limits nothing. */
function below(limit: CgroupLimit | undefined, whole: number): CgroupLimit | undefined {
  return limit && limit.limit < whole ? limit : undefined;
}
