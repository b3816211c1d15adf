import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the control files of one controller are for one process. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  /** Folder that the hierarchy is mounted at. */
  readonly mount: string;
  /** Paths below it, the process's own first, '/' last. */
  readonly paths: readonly string[];
}

export interface CgroupLimit {
  /** Bytes, or cores. */
  readonly limit: number;
  readonly version: 1 | 2;
  readonly mount: string;
  /** Path of the cgroup that sets the limit; its usage is what the limit is held against. */
  readonly path: string;
}

export interface CgroupRoots {
  readonly procRoot: string;
  readonly cgroupRoot: string;
}

/**
 * Memory limit in bytes of a process (`self` or a pid): the smallest one up to the root of the hierarchy, since
 * each level is enforced. memory.max of cgroup v2 (kernel's cgroup-v2.rst), memory.limit_in_bytes of v1
 * (cgroup-v1/memory.rst). undefined when there is none. v1 writes "none" as a number near 2^63: a limit says
 * something only below the memory of the host, which is for the caller to compare.
 */
export function memoryLimit(roots: CgroupRoots, pid: string): CgroupLimit | undefined {
  return smallest(findCgroup(roots, pid, 'memory'), (folder, version) =>
    firstNumber(join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes')),
  );
}

/**
 * Memory limits of many processes at one moment, in bytes; infinite where there is none. Processes of one service share
 * their cgroup: where `/proc/PID/cgroup` says the same of two and its path is there, so is their limit.
 */
export class MemoryLimits {
  readonly #roots: CgroupRoots;
  readonly #known = new Map<string, number>();

  constructor(roots: CgroupRoots) {
    this.#roots = roots;
  }

  of(pid: number): number {
    const text = contents(join(this.#roots.procRoot, `${pid}`, 'cgroup'));
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const limit = memoryLimit(this.#roots, `${pid}`)?.limit ?? Number.POSITIVE_INFINITY;
    const place = placeOf(this.#roots, `${pid}`, 'memory', this.#roots.cgroupRoot);
    if (place && isThere(place)) this.#known.set(text, limit);
    return limit;
  }
}

/**
 * CPU limit in cores, quota / period: cpu.max of cgroup v2, cpu.cfs_quota_us and cpu.cfs_period_us of v1
 * (cgroup-v1/../scheduler/sched-bwc.rst; -1 is none). undefined when there is none.
 */
export function cpuLimit(roots: CgroupRoots, pid: string): CgroupLimit | undefined {
  return smallest(findCgroup(roots, pid, 'cpu'), (folder, version) => {
    if (version === 1) {
      return firstNumber(join(folder, 'cpu.cfs_quota_us')) / firstNumber(join(folder, 'cpu.cfs_period_us'));
    }
    const [quota, period] = words(join(folder, 'cpu.max'));
    return Number(quota) / Number(period);
  });
}

/**
 * Finds the cgroup of a process. Inside a container, /proc/PID/cgroup may tell a path of the host that is not there
 * below the mount. For ourselves, and for a process with the same path, the mount itself is then our cgroup; for
 * another process it is the mount that this process sees, where we may look (/proc/PID/root).
 */
export function findCgroup(roots: CgroupRoots, pid: string, controller: string): CgroupPlace | undefined {
  const place = placeOf(roots, pid, controller, roots.cgroupRoot);
  if (!place) return undefined;
  const [path] = place.paths;
  if (isThere(place)) return place;
  const own = pid === 'self' || placeOf(roots, 'self', controller, roots.cgroupRoot)?.paths[0] === path;
  if (own) return { ...place, paths: ['/'] };
  const theirs = placeOf(roots, pid, controller, join(roots.procRoot, pid, 'root/sys/fs/cgroup'));
  return theirs && existsSync(theirs.mount) ? { ...theirs, paths: ['/'] } : undefined;
}

function isThere({ mount, paths: [path] }: CgroupPlace): boolean {
  return !path!.includes('..') && existsSync(join(mount, path!));
}

/** Folder of a v1 hierarchy: named after its controllers, `cpu,cpuacct`, or by a link after each. */
export function v1Mount(cgroupRoot: string, controllers: string, controller: string): string {
  const named = join(cgroupRoot, controllers);
  return existsSync(named) ? named : join(cgroupRoot, controller);
}

function placeOf(
  { procRoot }: CgroupRoots,
  pid: string,
  controller: string,
  cgroupRoot: string,
): CgroupPlace | undefined {
  let v2Path: string | undefined;
  for (const line of contents(join(procRoot, pid, 'cgroup')).split('\n')) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (id === undefined) continue;
    if (controllers!.split(',').includes(controller)) {
      return { version: 1, mount: v1Mount(cgroupRoot, controllers!, controller), paths: upwards(path!) };
    }
    if (id === '0') v2Path = path;
  }
  if (v2Path === undefined) return undefined;
  const hybrid = join(cgroupRoot, 'unified');
  return { version: 2, mount: existsSync(hybrid) ? hybrid : cgroupRoot, paths: upwards(v2Path) };
}

/** `/a/b` → `/a/b`, `/a`, `/`. */
function upwards(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from(
    { length: parts.length + 1 },
    (_, up) => `/${parts.slice(0, parts.length - up).join('/')}`,
  );
}

function smallest(
  place: CgroupPlace | undefined,
  limitOf: (folder: string, version: 1 | 2) => number,
): CgroupLimit | undefined {
  let found: CgroupLimit | undefined;
  if (!place) return undefined;
  const { version, mount } = place;
  for (const path of place.paths) {
    const limit = limitOf(join(mount, path), version);
    if (limit > 0 && limit < (found?.limit ?? Number.POSITIVE_INFINITY))
      found = { limit, version, mount, path };
  }
  return found;
}

function firstNumber(path: string): number {
  const [word] = words(path);
  return word === undefined ? Number.NaN : Number(word);
}

function words(path: string): string[] {
  return contents(path)
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** '' when it cannot be read: a controller that is off, or the root, which has no limits. */
function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
