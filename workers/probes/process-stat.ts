import type { KernelText } from './kernel-file.ts';

/** What we use of /proc/PID/stat (proc_pid_stat(5)). */
export interface ProcessStat {
  /** Byte of the state letter: `Z` is a zombie. */
  state: number;
  parentPid: number;
  /** utime + stime: CPU time of its own, in clock ticks. */
  ownTicks: number;
  /** cutime + cstime: CPU time of the children that it waited for, and of theirs, in clock ticks. */
  reapedTicks: number;
  threads: number;
  /** Since boot; with the pid it is the identity of a process. */
  startTicks: number;
  rssPages: number;
}

export function emptyStat(): ProcessStat {
  return { state: 0, parentPid: 0, ownTicks: 0, reapedTicks: 0, threads: 0, startTicks: 0, rssPages: 0 };
}

const closingParenthesis = 0x29;

/**
 * Parses the text into `stat`; false when it is not such a file. The command name, in parentheses, may itself hold
 * spaces and parentheses: what follows the last one is numbers.
 */
export function parseProcessStat(text: KernelText, stat: ProcessStat): boolean {
  if (!text.seekLast(closingParenthesis)) return false;
  text.byte();
  stat.state = text.byte();
  stat.parentPid = text.number();
  text.skipWords(9);
  stat.ownTicks = text.number() + text.number();
  stat.reapedTicks = text.number() + text.number();
  text.skipWords(2);
  stat.threads = text.number();
  text.skipWords(1);
  stat.startTicks = text.number();
  text.skipWords(1);
  stat.rssPages = text.number();
  return Number.isFinite(stat.rssPages);
}

/** A process that has ended and only waits for its parent to take note. */
export function hasEnded(stat: ProcessStat): boolean {
  return stat.state === 0x5a || stat.state === 0x58;
}
