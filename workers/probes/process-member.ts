import { join } from 'node:path';
import { KernelFile, type KernelText } from './kernel-file.ts';
import { emptyStat, hasEnded, type ProcessStat, parseProcessStat } from './process-stat.ts';

/** One process and what it had used at the reading before. */
export class ProcessMember {
  readonly pid: number;
  readonly stat: ProcessStat = emptyStat();
  readonly #file: KernelFile;
  #startTicks = Number.NaN;
  /** NaN before its first reading. */
  lastOwnTicks = Number.NaN;
  lastReapedTicks = Number.NaN;

  constructor(procRoot: string, pid: number, keepOpen: boolean) {
    this.pid = pid;
    this.#file = new KernelFile(join(procRoot, `${pid}`, 'stat'), keepOpen);
  }

  /** Reads its stat; false when it is gone, or another process has its pid. */
  read(text: KernelText): boolean {
    if (!this.#file.read(text) || !parseProcessStat(text, this.stat)) return false;
    if (Number.isNaN(this.#startTicks)) this.#startTicks = this.stat.startTicks;
    return this.stat.startTicks === this.#startTicks;
  }

  get ended(): boolean {
    return hasEnded(this.stat);
  }

  /** Makes what it has used by now the baseline of the next reading. */
  settle(): void {
    this.lastOwnTicks = this.stat.ownTicks;
    this.lastReapedTicks = this.stat.reapedTicks;
  }

  close(): void {
    this.#file.close();
  }
}
