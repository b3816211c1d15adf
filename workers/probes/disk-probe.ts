import { readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { layoutText } from '../point/point.ts';
import { codeOf } from './kernel-file.ts';
import { diskMounts } from './mounts.ts';
import { percentOf } from './percent.ts';
import type { Outcome } from './sample.ts';

const fields = ['used_percent', 'free_bytes', 'read_bytes_total', 'written_bytes_total'] as const;

/** /proc/diskstats counts in these, whatever the device's own sector is (Documentation/admin-guide/iostats.rst). */
const sectorBytes = 512;

export function diskLayout(paths: readonly string[]): string {
  return layoutText(paths.map((path) => ({ measurement: 'disk', tags: { path }, fields })));
}

/** Share and bytes of a mounted file system as df computes them. Throws what statfs throws. */
export function diskSpace(path: string): { usedPercent: number; freeBytes: number } {
  const { blocks, bfree, bavail, bsize } = statfsSync(path);
  const used = blocks - bfree;
  return { usedPercent: percentOf(used, used + bavail), freeBytes: bavail * bsize };
}

/** Mounted file systems on block devices. Read rarely: it makes strings, and asks each file system. */
export class DiskProbe {
  readonly #procRoot: string;
  #paths = '';
  layout = diskLayout([]);

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
  }

  sample(): Outcome {
    const values: number[] = [];
    const paths: string[] = [];
    const problems: string[] = [];
    let mountinfo: string;
    try {
      mountinfo = readFileSync(join(this.#procRoot, 'self/mountinfo'), 'utf8');
    } catch (error) {
      return { values: null, up: false, problem: `the mounts cannot be read: ${codeOf(error)}` };
    }
    const traffic = this.#traffic(problems);
    for (const { path, device } of diskMounts(mountinfo, isFolder)) {
      try {
        const { usedPercent, freeBytes } = diskSpace(path);
        const [read, written] = traffic.get(device) ?? [Number.NaN, Number.NaN];
        values.push(usedPercent, freeBytes, read, written);
        paths.push(path);
      } catch (error) {
        problems.push(`${path}: ${codeOf(error)}`);
      }
    }
    this.#describe(paths);
    const up = paths.length > 0;
    if (!up) problems.push('no file system on a block device is mounted');
    return { values: up ? Float64Array.from(values) : null, up, problem: problems.join('; ') };
  }

  /** Bytes read and written by `major:minor`. */
  #traffic(problems: string[]): Map<string, [number, number]> {
    const traffic = new Map<string, [number, number]>();
    try {
      for (const line of readFileSync(join(this.#procRoot, 'diskstats'), 'utf8').split('\n')) {
        const [major, minor, , , , read, , , , written] = line.trim().split(/\s+/);
        if (written === undefined) continue;
        traffic.set(`${major}:${minor}`, [Number(read) * sectorBytes, Number(written) * sectorBytes]);
      }
    } catch (error) {
      problems.push(`the traffic of disks cannot be read: ${codeOf(error)}`);
    }
    return traffic;
  }

  /** Makes the layout anew only when the mounts changed. */
  #describe(paths: readonly string[]): void {
    const joined = paths.join('\0');
    if (joined === this.#paths) return;
    this.#paths = joined;
    this.layout = diskLayout(paths);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
