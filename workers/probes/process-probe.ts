import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processCell } from '../contract/process-cells.ts';
import type { ProcessTarget } from '../contract/tasks.ts';
import { layoutText } from '../point/point.ts';
import type { KernelConstants } from './auxiliary-vector.ts';
import type { CgroupRoots } from './cgroup.ts';
import { codeOf, type KernelText } from './kernel-file.ts';
import { hundredths, percentOf } from './percent.ts';
import { findProcess, needsTable, readPidFile } from './process-finder.ts';
import { isStranger, noteIdentity, strangerProblem } from './process-rows.ts';
import type { ProcessTable } from './process-table.ts';
import { ProcessTree } from './process-tree.ts';
import type { Outcome } from './sample.ts';

const fields = [
  'cpu_usage_percent',
  'memory_rss_bytes',
  'memory_usage_percent',
  'threads',
  'open_fds',
  'children',
  'uptime_seconds',
  'restarts_total',
  'pid',
] as const;

export function processLayout(name: string): string {
  return layoutText([{ measurement: 'process', tags: { process: name }, fields }]);
}

/** What a process probe reads at one moment, in the order of `processLayout`. */
export function processValues(of: Readonly<Record<(typeof fields)[number], number>>): Float64Array {
  // By hand: `Float64Array.from` with a function costs ten times as much.
  const values = new Float64Array(fields.length);
  for (let i = 0; i < fields.length; i++) values[i] = of[fields[i]!];
  return values;
}

/** How often every process is looked through for one that is not there. */
const searchEveryMs = 2000;

/** What the probes of one sampler share. */
export interface ProcessSurroundings extends Pick<CgroupRoots, 'procRoot'> {
  readonly text: KernelText;
  readonly kernel: KernelConstants;
  /** How many files of children each process may keep open. */
  readonly keptOpen: number;
}

/** The moment of one sampling. */
export interface Moment {
  /** Monotonic. */
  readonly nowMs: number;
  /** Whether what is dear is due. */
  readonly slow: boolean;
  readonly uptimeSeconds: number;
  readonly hostMemoryBytes: number;
  /** Memory limit of a process in bytes, infinite where it has none. */
  readonly memoryLimitOf: (pid: number) => number;
  /** Every process; made when first asked for in a sampling, shared by its probes. */
  readonly table: () => ProcessTable;
}

/** One process of the plan, with its children: finds it, follows it, finds it again. */
export class ProcessProbe {
  readonly layout: string;
  readonly #target: ProcessTarget;
  readonly #row: Float64Array;
  readonly #around: ProcessSurroundings;
  #tree: ProcessTree | undefined;
  #lastMs = Number.NaN;
  #lastUptimeTicks = Number.NaN;
  #memoryLimitBytes = Number.POSITIVE_INFINITY;
  #searchedMs = Number.NEGATIVE_INFINITY;
  #problem = '';

  constructor(target: ProcessTarget, row: Float64Array, around: ProcessSurroundings) {
    this.layout = processLayout(target.name);
    this.#target = target;
    this.#row = row;
    this.#around = around;
  }

  sample(moment: Moment): Outcome {
    if (this.#tree && !(this.#tree.readRoot() && this.#stillMeant(moment))) this.close();
    const known = this.#tree !== undefined;
    this.#tree ??= this.#find(moment);
    if (!this.#tree) return { values: null, up: false, problem: this.#problem };

    const slow = moment.slow || !known;
    if (this.#tree.spawnedOthers() || slow) this.#tree.adopt(moment.table().descendants(this.#tree.root.pid));
    if (slow) this.#memoryLimitBytes = moment.memoryLimitOf(this.#tree.root.pid);
    this.#tree.sum(this.#lastUptimeTicks);
    this.#problem = '';
    const values = this.#values(this.#tree, moment, slow);
    this.#lastMs = moment.nowMs;
    this.#lastUptimeTicks = moment.uptimeSeconds * this.#around.kernel.ticksPerSecond;
    return { values, up: true, problem: this.#problem };
  }

  close(): void {
    this.#tree?.close();
    this.#tree = undefined;
  }

  /** A pid file may come to name another process while the old one still winds down. */
  #stillMeant({ slow }: Moment): boolean {
    const { find } = this.#target;
    if (find.by !== 'pidFile' || !slow) return true;
    const found = readPidFile(find.path);
    return !('pid' in found) || found.pid === this.#tree?.root.pid;
  }

  #find(moment: Moment): ProcessTree | undefined {
    const { find } = this.#target;
    if (needsTable(find)) {
      if (moment.nowMs - this.#searchedMs < searchEveryMs * 0.95) return undefined;
      this.#searchedMs = moment.nowMs;
    }
    const found = findProcess(find, moment.table);
    if ('problem' in found) {
      this.#problem = found.problem;
      return undefined;
    }
    const { procRoot, text, keptOpen } = this.#around;
    const tree = new ProcessTree(procRoot, found.pid, text, keptOpen);
    if (!tree.readRoot()) {
      tree.close();
      this.#problem = `no process runs with pid ${found.pid}${find.by === 'pidFile' ? `, which ${find.path} names` : ''}`;
      return undefined;
    }
    const { pid, writtenMs = 0 } = found;
    const identity = { pid, startTicks: tree.root.stat.startTicks, writtenMs };
    if (!needsTable(find) && isStranger(this.#row, identity)) {
      tree.close();
      this.#problem = strangerProblem(pid);
      return undefined;
    }
    noteIdentity(this.#row, identity);
    return tree;
  }

  #values(tree: ProcessTree, moment: Moment, slow: boolean): Float64Array {
    const { pageBytes, ticksPerSecond } = this.#around.kernel;
    const rssBytes = tree.rssPages * pageBytes;
    const cpuMs = (tree.cpuTicks / ticksPerSecond) * 1000;
    const uptimeSeconds = moment.uptimeSeconds - tree.root.stat.startTicks / ticksPerSecond;
    return processValues({
      cpu_usage_percent: percentOf(cpuMs, moment.nowMs - this.#lastMs),
      memory_rss_bytes: rssBytes,
      memory_usage_percent: percentOf(rssBytes, Math.min(this.#memoryLimitBytes, moment.hostMemoryBytes)),
      threads: tree.threads,
      open_fds: slow ? this.#countOpenFiles(tree.root.pid) : Number.NaN,
      children: slow ? tree.children : Number.NaN,
      uptime_seconds: hundredths(Math.max(0, uptimeSeconds)),
      restarts_total: this.#row[processCell.RESTARTS]!,
      pid: tree.root.pid,
    });
  }

  #countOpenFiles(pid: number): number {
    try {
      return readdirSync(join(this.#around.procRoot, `${pid}`, 'fd')).length;
    } catch (error) {
      this.#problem = `its open files cannot be counted (${codeOf(error)}): run as its user or with CAP_SYS_PTRACE`;
      return Number.NaN;
    }
  }
}
