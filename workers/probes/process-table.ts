import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { KernelFile, type KernelText } from './kernel-file.ts';
import { emptyStat, hasEnded, parseProcessStat } from './process-stat.ts';

/** Who is whose parent, at one moment. Ended processes are not in it. */
export class ProcessTable {
  readonly procRoot: string;
  readonly #parents = new Map<number, number>();
  readonly #children = new Map<number, number[]>();

  /** Reads every /proc/PID/stat: about 7 µs each, so not every tick. Throws when `procRoot` cannot be listed. */
  constructor(procRoot: string, text: KernelText) {
    this.procRoot = procRoot;
    const stat = emptyStat();
    for (const name of readdirSync(procRoot)) {
      const pid = Number(name);
      if (!(pid > 0)) continue;
      const file = new KernelFile(join(procRoot, name, 'stat'), false);
      if (!file.read(text) || !parseProcessStat(text, stat) || hasEnded(stat)) continue;
      this.#parents.set(pid, stat.parentPid);
      const siblings = this.#children.get(stat.parentPid);
      if (siblings) siblings.push(pid);
      else this.#children.set(stat.parentPid, [pid]);
    }
  }

  pids(): Iterable<number> {
    return this.#parents.keys();
  }

  /** Every process below `pid`, parents before their children. */
  descendants(pid: number): number[] {
    const found = [...(this.#children.get(pid) ?? [])];
    for (const next of found) found.push(...(this.#children.get(next) ?? []));
    return found;
  }

  /** Every process above `pid`, the nearest first. */
  ancestors(pid: number): number[] {
    const found: number[] = [];
    for (let next = this.#parents.get(pid); next && !found.includes(next); next = this.#parents.get(next)) {
      found.push(next);
    }
    return found;
  }

  /** Arguments of a process; none for a kernel thread, or one that is gone. */
  commandLine(pid: number): string[] {
    try {
      const text = readFileSync(join(this.procRoot, `${pid}`, 'cmdline'), 'utf8');
      return text
        .replace(/[\0 ]+$/, '')
        .split('\0')
        .filter((word, i) => word !== '' || i > 0);
    } catch {
      return [];
    }
  }

  /** Path of the program that a process runs; '' where we may not look. */
  executable(pid: number): string {
    try {
      return readlinkSync(join(this.procRoot, `${pid}`, 'exe')).replace(/ \(deleted\)$/, '');
    } catch {
      return '';
    }
  }

  /** Our own pid as this proc file system counts it, which in a container may be the host's. */
  ownPid(): number {
    try {
      return Number(readlinkSync(join(this.procRoot, 'self'))) || process.pid;
    } catch {
      return process.pid;
    }
  }
}
