import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupLimit, v1Mount } from './cgroup.ts';
import { KernelFile, type KernelText } from './kernel-file.ts';

/** Memory in use by the cgroup that sets a memory limit. */
export class CgroupMemory {
  readonly limitBytes: number;
  readonly #usage: KernelFile;
  readonly #stat: KernelFile;
  readonly #cacheKey: string;
  usageBytes = Number.NaN;
  /**
   * Usage less the file cache that the kernel gives back first: what `docker stats` shows and what Kubernetes
   * calls the working set.
   */
  workingSetBytes = Number.NaN;

  constructor({ limit, version, mount, path }: CgroupLimit) {
    const folder = join(mount, path);
    this.limitBytes = limit;
    this.#usage = new KernelFile(join(folder, version === 2 ? 'memory.current' : 'memory.usage_in_bytes'));
    this.#stat = new KernelFile(join(folder, 'memory.stat'));
    this.#cacheKey = version === 2 ? 'inactive_file ' : 'total_inactive_file ';
  }

  /** '' or what could not be read. */
  read(text: KernelText): string {
    this.usageBytes = this.#usage.read(text) ? text.number() : Number.NaN;
    const cacheBytes = this.#stat.read(text) && text.seekLine(this.#cacheKey) ? text.number() : Number.NaN;
    this.workingSetBytes = Math.max(0, this.usageBytes - cacheBytes);
    return problemOf(this.#usage) || problemOf(this.#stat);
  }

  close(): void {
    this.#usage.close();
    this.#stat.close();
  }
}

/** CPU time used by the cgroup that sets a CPU quota: cpu.stat `usage_usec` of v2, cpuacct.usage (ns) of v1. */
export class CgroupCpu {
  readonly quotaCores: number;
  readonly #file: KernelFile;
  readonly #version: 1 | 2;
  /** Milliseconds of CPU time since the cgroup was made. */
  usageMs = Number.NaN;

  constructor({ limit, version, mount, path }: CgroupLimit, cgroupRoot: string) {
    this.quotaCores = limit;
    this.#version = version;
    this.#file = new KernelFile(
      version === 2 ? join(mount, path, 'cpu.stat') : accountingFile(cgroupRoot, mount, path),
    );
  }

  /** '' or what could not be read. */
  read(text: KernelText): string {
    this.usageMs = Number.NaN;
    if (!this.#file.read(text)) return problemOf(this.#file);
    if (this.#version === 1) this.usageMs = text.number() / 1e6;
    else if (text.seekLine('usage_usec ')) this.usageMs = text.number() / 1e3;
    return '';
  }

  close(): void {
    this.#file.close();
  }
}

/** v1 counts CPU time in a controller of its own, which may share the folder of `cpu` or not. */
function accountingFile(cgroupRoot: string, cpuMount: string, path: string): string {
  const shared = join(cpuMount, path, 'cpuacct.usage');
  return existsSync(shared)
    ? shared
    : join(v1Mount(cgroupRoot, 'cpu,cpuacct', 'cpuacct'), path, 'cpuacct.usage');
}

function problemOf(file: KernelFile): string {
  return file.problem === '' ? '' : `${file.path}: ${file.problem}`;
}
