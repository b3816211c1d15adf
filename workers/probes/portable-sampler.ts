import * as os from 'node:os';
import { parse } from 'node:path';
import { processCell } from '../contract/process-cells.ts';
import type { ProcessTarget, Reading, SamplingPlan, SourceStatus } from '../contract/tasks.ts';
import { diskLayout, diskSpace } from './disk-probe.ts';
import { hostLayout, hostValues } from './host-probe.ts';
import { codeOf } from './kernel-file.ts';
import { sourceOf, unwatched } from './kernel-sampler.ts';
import { hundredths, percentOf } from './percent.ts';
import { findProcess, needsTable } from './process-finder.ts';
import { processLayout, processValues } from './process-probe.ts';
import { claimRows, type Identity, isStranger, noteIdentity, strangerProblem } from './process-rows.ts';
import type { Outcome, Sample } from './sample.ts';
import { SlowTurn } from './slow-turn.ts';

type Pidusage = typeof import('pidusage');
type Usage = import('pidusage').Status;

interface Followed {
  readonly target: ProcessTarget;
  readonly row: Float64Array;
  readonly layout: string;
  pid: number;
  /** NaN before the first reading of this process. */
  lastCtimeMs: number;
  lastMs: number;
}

const missing = 'without a proc file system its children, threads and open files are not known';

/** Some systems tell the age of a process in whole seconds: within that, it is the same process. */
const startToleranceTicks = 500;

/**
 * Samples where there is no proc file system (macOS, Windows, BSD): the host by `node:os`, processes by pidusage,
 * the disk that we run on by statfs. What that cannot tell stays NaN: threads, open files and children.
 */
export class PortableSampler {
  readonly #monotonicMs: () => number;
  readonly #platform: string;
  readonly #turn: SlowTurn;
  readonly #followed: readonly Followed[];
  readonly #unwatched: readonly SourceStatus[];
  readonly #diskPath = parse(process.cwd()).root;
  #diskStatus: SourceStatus | undefined;
  #busyMs = Number.NaN;
  #totalMs = Number.NaN;
  #pidusage: Pidusage | undefined;

  constructor(
    plan: SamplingPlan,
    processCells: SharedArrayBuffer,
    monotonicMs: () => number,
    platform: string = process.platform,
  ) {
    this.#monotonicMs = monotonicMs;
    this.#platform = platform;
    this.#turn = new SlowTurn(plan.slowEveryMs);
    const rows = claimRows(plan.processes, processCells);
    this.#followed = rows.map((row, i) => {
      const target = plan.processes[i]!;
      const layout = processLayout(target.name);
      return { target, row, layout, pid: 0, lastCtimeMs: Number.NaN, lastMs: Number.NaN };
    });
    this.#unwatched = unwatched(plan.processes, rows.length);
  }

  async sample(slowFactor = 1): Promise<Sample> {
    const readings: Reading[] = [];
    const sources: SourceStatus[] = [];
    const take = (source: string, layout: string, startMs: number, outcome: Outcome): SourceStatus => {
      const { values, up, problem } = outcome;
      if (values) readings.push({ source, layout, values });
      const status = { source, up, readMs: this.#monotonicMs() - startMs, problem };
      sources.push(status);
      return status;
    };

    const startMs = this.#monotonicMs();
    take('host', hostLayout, startMs, { values: this.#host(), up: true, problem: '' });
    if (this.#turn.take(startMs, slowFactor) || !this.#diskStatus) {
      const layout = diskLayout([this.#diskPath]);
      this.#diskStatus = take('disk', layout, this.#monotonicMs(), this.#disk());
    } else sources.push(this.#diskStatus);
    for (const [followed, outcome] of await this.#processes()) {
      take(sourceOf(followed.target), followed.layout, startMs, outcome);
    }
    sources.push(...this.#unwatched);
    return { readings, sources };
  }

  close(): void {
    this.#pidusage?.clear();
  }

  #host(): Float64Array {
    const cpus = os.cpus();
    let busyMs = 0;
    let totalMs = 0;
    for (const { times } of cpus) {
      const busy = times.user + times.nice + times.sys + times.irq;
      busyMs += busy;
      totalMs += busy + times.idle;
    }
    const usage = percentOf(busyMs - this.#busyMs, totalMs - this.#totalMs);
    this.#busyMs = busyMs;
    this.#totalMs = totalMs;

    // Windows has no load average: node:os says 0. What node:os calls free is what the kernel calls available, but
    // on macOS, where it leaves out the caches and nothing tells how much of them could be had.
    const [load1, load5, load15] = this.#platform === 'win32' ? [] : os.loadavg();
    const isMac = this.#platform === 'darwin';
    const total = os.totalmem();
    const available = isMac ? Number.NaN : os.freemem();
    return hostValues({
      cpu_usage_percent: usage,
      cpu_cores: cpus.length || Number.NaN,
      load1: load1 ?? Number.NaN,
      load5: load5 ?? Number.NaN,
      load15: load15 ?? Number.NaN,
      memory_total_bytes: total,
      memory_used_bytes: total - available,
      memory_free_bytes: isMac ? os.freemem() : Number.NaN,
      memory_available_bytes: available,
      memory_usage_percent: percentOf(total - available, total),
      uptime_seconds: hundredths(os.uptime()),
    });
  }

  #disk(): Outcome {
    try {
      const { usedPercent, freeBytes } = diskSpace(this.#diskPath);
      return {
        values: Float64Array.of(usedPercent, freeBytes, Number.NaN, Number.NaN),
        up: true,
        problem: '',
      };
    } catch (error) {
      return { values: null, up: false, problem: `${this.#diskPath}: ${codeOf(error)}` };
    }
  }

  /** All processes in one call of pidusage: where it runs `ps`, that is one run. */
  async #processes(): Promise<(readonly [Followed, Outcome])[]> {
    const found = this.#followed.map((followed) => [followed, find(followed.target)] as const);
    const pids = found.flatMap(([, { pid }]) => (pid === undefined ? [] : [pid]));
    const { usages, problem } = await this.#usagesOf(pids);
    const nowMs = this.#monotonicMs();
    return found.map(([followed, { pid, writtenMs = 0, problem: notFound }]) => {
      if (pid === undefined) return [followed, { values: null, up: false, problem: notFound }];
      const usage = usages[`${pid}`];
      if (usage) {
        const startTicks = Math.round((os.uptime() * 1000 - usage.elapsed) / 10);
        const identity = { pid, startTicks, writtenMs };
        if (isStranger(followed.row, identity, startToleranceTicks)) {
          return [followed, { values: null, up: false, problem: strangerProblem(pid) }];
        }
        const values = this.#values(followed, identity, usage, nowMs);
        return [followed, { values, up: true, problem: missing }];
      }
      const why = problem || `no process runs with pid ${pid}`;
      return [followed, { values: null, up: false, problem: why }];
    });
  }

  async #usagesOf(pids: number[]): Promise<{ usages: Record<string, Usage>; problem: string }> {
    if (pids.length === 0) return { usages: {}, problem: '' };
    try {
      this.#pidusage ??= (await import('pidusage')).default;
      return { usages: await this.#pidusage(pids), problem: '' };
    } catch (error) {
      const code = codeOf(error);
      const gone = code === 'ENOENT' || code === 'ESRCH';
      return { usages: {}, problem: gone ? '' : `pidusage failed: ${code}` };
    }
  }

  /**
   * pidusage's own `cpu` is since its last call in this thread, by anyone: the difference of `ctime` (ms of CPU
   * time) is ours.
   */
  #values(followed: Followed, identity: Identity, usage: Usage, nowMs: number): Float64Array {
    const pidBefore = followed.row[processCell.PID];
    const startBefore = followed.row[processCell.START_TICKS];
    noteIdentity(followed.row, identity, startToleranceTicks);
    const isAnother =
      followed.row[processCell.PID] !== pidBefore || followed.row[processCell.START_TICKS] !== startBefore;
    if (isAnother) followed.lastCtimeMs = Number.NaN;
    const cpu = percentOf(usage.ctime - followed.lastCtimeMs, nowMs - followed.lastMs);
    followed.lastCtimeMs = usage.ctime;
    followed.lastMs = nowMs;
    return processValues({
      cpu_usage_percent: cpu,
      memory_rss_bytes: usage.memory,
      memory_usage_percent: percentOf(usage.memory, os.totalmem()),
      threads: Number.NaN,
      open_fds: Number.NaN,
      children: Number.NaN,
      uptime_seconds: hundredths(usage.elapsed / 1000),
      restarts_total: followed.row[processCell.RESTARTS]!,
      pid: usage.pid,
    });
  }
}

function find({ find }: ProcessTarget): { pid?: number; writtenMs?: number; problem: string } {
  if (needsTable(find)) {
    return { problem: 'without a proc file system a process can be found by pid and pidFile only' };
  }
  const found = findProcess(find, () => {
    throw new Error('there is no process table');
  });
  return { problem: '', ...found };
}
