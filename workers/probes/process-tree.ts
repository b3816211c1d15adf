import { join } from 'node:path';
import { KernelFile, type KernelText } from './kernel-file.ts';
import { ProcessMember } from './process-member.ts';

/**
 * A process and everything below it, read together.
 *
 * CPU time between two readings: what each member used itself, and what their collected children had used (cutime
 * and cstime) less what we had seen of those children before. The kernel moves the time of a child into its parent
 * when the parent collects it, so nothing is counted twice, and a child that came and went between two readings
 * is counted when it is collected. The time of a child whose parent never collects it is lost with it.
 */
export class ProcessTree {
  readonly root: ProcessMember;
  readonly #procRoot: string;
  readonly #text: KernelText;
  readonly #keptOpen: number;
  #spawned: KernelFile | undefined;
  readonly #members = new Map<number, ProcessMember>();
  #lastSpawned = '';
  /**
   * Time of members that were gone before their parent's figures, read a moment earlier, held it: to be taken off
   * at the next reading.
   */
  #owedTicks = 0;

  /** CPU time since the reading before, in clock ticks; NaN when that is not known. */
  cpuTicks = Number.NaN;
  rssPages = 0;
  threads = 0;

  /** At most `keptOpen` files of children stay open; the others are opened for each reading. */
  constructor(procRoot: string, pid: number, text: KernelText, keptOpen: number) {
    this.root = new ProcessMember(procRoot, pid, true);
    this.#procRoot = procRoot;
    this.#text = text;
    this.#keptOpen = keptOpen;
    this.#spawned = new KernelFile(join(procRoot, `${pid}/task/${pid}/children`));
  }

  /** Processes below the root that have not ended, as of the last reading. */
  get children(): number {
    let alive = 0;
    for (const member of this.#members.values()) if (!member.ended) alive++;
    return alive;
  }

  /** Reads the root: first, so that a child that is then gone can only be owed. False when it has ended. */
  readRoot(): boolean {
    return this.root.read(this.#text) && !this.root.ended;
  }

  /**
   * Whether the list of processes that the root's main thread started has changed. Not every kernel has that list
   * (CONFIG_PROC_CHILDREN), and it lacks grandchildren: it only makes us look sooner.
   */
  spawnedOthers(): boolean {
    if (!this.#spawned?.read(this.#text)) {
      this.#spawned = undefined;
      return false;
    }
    const spawned = this.#text.isEmpty ? '' : this.#text.toString();
    const changed = spawned !== this.#lastSpawned;
    this.#lastSpawned = spawned;
    return changed;
  }

  /** Takes in what is now below the root. A process that left the tree alive is forgotten, not owed. */
  adopt(pids: readonly number[]): void {
    const present = new Set(pids);
    for (const [pid, member] of this.#members) {
      if (present.has(pid) || !member.read(this.#text) || member.ended) continue;
      member.close();
      this.#members.delete(pid);
    }
    for (const pid of pids) {
      if (this.#members.has(pid)) continue;
      this.#members.set(pid, new ProcessMember(this.#procRoot, pid, this.#members.size < this.#keptOpen));
    }
  }

  /**
   * Reads the children and sums up; call after `readRoot` each time. A child seen for the first time counts in full
   * if it started after `lastTicks` (clock ticks since boot, of the reading before; the kernel cuts both down to
   * whole ticks, so one before may still be after), else from now on.
   */
  sum(lastTicks: number): void {
    const root = this.root.stat;
    let ownTicks = root.ownTicks - this.root.lastOwnTicks;
    let reapedTicks = root.reapedTicks - this.root.lastReapedTicks;
    let goneTicks = 0;
    this.rssPages = root.rssPages;
    this.threads = root.threads;
    this.root.settle();
    for (const [pid, member] of this.#members) {
      if (!member.read(this.#text)) {
        if (member.lastOwnTicks >= 0) goneTicks += member.lastOwnTicks + member.lastReapedTicks;
        member.close();
        this.#members.delete(pid);
        continue;
      }
      const { stat } = member;
      if (member.lastOwnTicks >= 0) {
        ownTicks += stat.ownTicks - member.lastOwnTicks;
        reapedTicks += stat.reapedTicks - member.lastReapedTicks;
      } else if (stat.startTicks >= lastTicks - 1) {
        ownTicks += stat.ownTicks;
        reapedTicks += stat.reapedTicks;
      }
      member.settle();
      if (member.ended) continue;
      this.rssPages += stat.rssPages;
      this.threads += stat.threads;
    }
    const newlyReaped = reapedTicks - goneTicks - this.#owedTicks;
    this.#owedTicks = newlyReaped < 0 ? Math.min(goneTicks, -newlyReaped) : 0;
    this.cpuTicks = ownTicks >= 0 ? ownTicks + Math.max(0, newlyReaped) : Number.NaN;
  }

  close(): void {
    this.root.close();
    this.#spawned?.close();
    for (const member of this.#members.values()) member.close();
    this.#members.clear();
  }
}
