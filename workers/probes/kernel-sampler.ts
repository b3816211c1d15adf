import type { ProcessTarget, Reading, SamplingPlan, SourceStatus } from '../contract/tasks.ts';
import { kernelConstants } from './auxiliary-vector.ts';
import { MemoryLimits } from './cgroup.ts';
import { DiskProbe } from './disk-probe.ts';
import { HostProbe, hostLayout } from './host-probe.ts';
import { codeOf, KernelText } from './kernel-file.ts';
import { type Moment, ProcessProbe, type ProcessSurroundings } from './process-probe.ts';
import { claimRows } from './process-rows.ts';
import { ProcessTable } from './process-table.ts';
import type { Outcome, Sample } from './sample.ts';
import { SlowTurn } from './slow-turn.ts';

/** Files of children that stay open, of all processes together. */
const keptOpenOfAll = 512;

/** Samples from a proc file system, synchronously, over files that stay open. */
export class KernelSampler {
  readonly #plan: SamplingPlan;
  readonly #monotonicMs: () => number;
  readonly #text = new KernelText();
  readonly #turn: SlowTurn;
  readonly #host: HostProbe;
  readonly #disk: DiskProbe;
  #diskStatus: SourceStatus | undefined;
  readonly #processes: readonly { readonly source: string; readonly probe: ProcessProbe }[];
  readonly #unwatched: readonly SourceStatus[];

  constructor(plan: SamplingPlan, processCells: SharedArrayBuffer, monotonicMs: () => number) {
    const around: ProcessSurroundings = {
      procRoot: plan.procRoot,
      text: this.#text,
      kernel: kernelConstants(),
      keptOpen: Math.floor(keptOpenOfAll / Math.max(1, plan.processes.length)),
    };
    this.#plan = plan;
    this.#monotonicMs = monotonicMs;
    this.#turn = new SlowTurn(plan.slowEveryMs);
    this.#host = new HostProbe(plan, this.#text);
    this.#disk = new DiskProbe(plan.procRoot);
    const rows = claimRows(plan.processes, processCells);
    this.#processes = rows.map((row, i) => {
      const target = plan.processes[i]!;
      return { source: sourceOf(target), probe: new ProcessProbe(target, row, around) };
    });
    this.#unwatched = unwatched(plan.processes, rows.length);
  }

  sample(slowFactor: number): Sample {
    const readings: Reading[] = [];
    const sources: SourceStatus[] = [];
    const slow = this.#turn.take(this.#monotonicMs(), slowFactor);
    const read = (source: string, probe: (nowMs: number) => Outcome, layout: () => string): SourceStatus => {
      const startMs = this.#monotonicMs();
      const outcome = attempt(() => probe(startMs));
      if (outcome.values) readings.push({ source, layout: layout(), values: outcome.values });
      const status = {
        source,
        up: outcome.up,
        readMs: this.#monotonicMs() - startMs,
        problem: outcome.problem,
      };
      sources.push(status);
      return status;
    };

    read(
      'host',
      (nowMs) => this.#host.sample(nowMs, slow),
      () => hostLayout,
    );
    if (slow || !this.#diskStatus) {
      this.#diskStatus = read(
        'disk',
        () => this.#disk.sample(),
        () => this.#disk.layout,
      );
    } else sources.push(this.#diskStatus);
    const surroundings = this.#surroundings();
    for (const { source, probe } of this.#processes) {
      read(
        source,
        (nowMs) => probe.sample({ ...surroundings, nowMs, slow }),
        () => probe.layout,
      );
    }
    sources.push(...this.#unwatched);
    return { readings, sources };
  }

  close(): void {
    this.#host.close();
    for (const { probe } of this.#processes) probe.close();
  }

  #surroundings(): Omit<Moment, 'nowMs' | 'slow'> {
    let table: ProcessTable | undefined;
    const limits = new MemoryLimits(this.#plan);
    return {
      uptimeSeconds: this.#host.uptimeSeconds,
      hostMemoryBytes: this.#host.memoryBytes,
      memoryLimitOf: (pid) => limits.of(pid),
      table: () => {
        table ??= new ProcessTable(this.#plan.procRoot, this.#text);
        return table;
      },
    };
  }
}

export function sourceOf(target: ProcessTarget): string {
  return `process/${target.name}`;
}

/** Statuses of the targets that have no row in the shared cells. */
export function unwatched(targets: readonly ProcessTarget[], watched: number): SourceStatus[] {
  return targets.slice(watched).map((target) => ({
    source: sourceOf(target),
    up: false,
    readMs: 0,
    problem: `only the first ${watched} processes are watched`,
  }));
}

/** What was not foreseen takes one source down, not the sampling. */
function attempt(probe: () => Outcome): Outcome {
  try {
    return probe();
  } catch (error) {
    return { values: null, up: false, problem: codeOf(error) };
  }
}
