import type { KernelText } from './kernel-file.ts';
import { percentOf } from './percent.ts';

/**
 * CPU use of the host between two readings of /proc/stat (proc_stat(5)), percent of all cores.
 *
 * busy = user + nice + system + irq + softirq + steal; idle = idle + iowait; usage = Δbusy / (Δbusy + Δidle).
 * That is htop's formula. Guest time is inside user and nice already. Steal counts as busy: the cores were wanted
 * and not to be had, which is what the reader of a high number has to know. A core that waits for a disk is idle.
 */
export class CpuTimes {
  #busy = Number.NaN;
  #idle = Number.NaN;
  #waiting = Number.NaN;
  usagePercent = Number.NaN;
  onlineCores = Number.NaN;

  /** Takes in /proc/stat. The first reading has no usage, nor has one in which a counter ran backwards. */
  take(text: KernelText): void {
    if (!text.seekLine('cpu ')) {
      this.forget();
      return;
    }
    const user = text.number();
    const nice = text.number();
    const system = text.number();
    const idle = text.number();
    const waiting = text.number();
    const busy = user + nice + system + text.number() + text.number() + text.number();
    this.onlineCores = countCores(text);

    const busyDelta = busy - this.#busy;
    // The kernel lets iowait run backwards (proc_stat(5)): alone, that is no reason to know nothing.
    const idleDelta = idle - this.#idle + Math.max(0, waiting - this.#waiting);
    this.usagePercent = idle >= this.#idle ? percentOf(busyDelta, busyDelta + idleDelta) : Number.NaN;
    this.#busy = busy;
    this.#idle = idle;
    this.#waiting = waiting;
  }

  forget(): void {
    this.#busy = Number.NaN;
    this.usagePercent = Number.NaN;
    this.onlineCores = Number.NaN;
  }
}

/** Lines `cpu0`, `cpu1`… behind the first one: only cores that are online have one. */
function countCores(text: KernelText): number {
  let cores = 0;
  while (text.nextLine() && text.byte() === 0x63 && text.byte() === 0x70 && text.byte() === 0x75) cores++;
  return cores;
}
