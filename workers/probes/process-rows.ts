import { processCell } from '../contract/process-cells.ts';
import type { ProcessTarget } from '../contract/tasks.ts';

/**
 * A row of the shared process cells for each target: what was remembered of the same target before (by a worker
 * that is no more, or under a plan in which it stood elsewhere), else an empty one. Targets beyond the cells have
 * none.
 */
export function claimRows(targets: readonly ProcessTarget[], cells: SharedArrayBuffer): Float64Array[] {
  const all = new Float64Array(cells);
  const before = new Map<number, Float64Array>();
  for (let at = 0; at < all.length; at += processCell.LENGTH) {
    const row = all.slice(at, at + processCell.LENGTH);
    if (row[processCell.TARGET] !== 0) before.set(row[processCell.TARGET]!, row);
  }
  all.fill(0);
  return targets.slice(0, all.length / processCell.LENGTH).map((target, i) => {
    const row = all.subarray(i * processCell.LENGTH, (i + 1) * processCell.LENGTH);
    const hash = hashOf(JSON.stringify([target.name, target.find]));
    row.set(before.get(hash) ?? []);
    row[processCell.TARGET] = hash;
    return row;
  });
}

/** FNV-1a over UTF-16 code units, 32 bits; never 0. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}

/** A process that was found for a target. */
export interface Identity {
  readonly pid: number;
  /** In clock ticks since boot. */
  readonly startTicks: number;
  /** When the pid file that names it was written; 0 where no file does. */
  readonly writtenMs: number;
}

/**
 * True when the process has the pid of the one before but another start time, and nobody named that pid anew since:
 * a pid, and a pid file as it was written, name one process, and this is another program that got its number.
 * `toleranceTicks` is how far a start time may be off without being another.
 */
export function isStranger(row: Float64Array, identity: Identity, toleranceTicks = 0): boolean {
  const { pid, startTicks, writtenMs } = identity;
  return (
    row[processCell.PID] === pid &&
    row[processCell.WRITTEN_MS] === writtenMs &&
    !isSameStart(row, startTicks, toleranceTicks)
  );
}

/** Why a stranger is not watched. */
export function strangerProblem(pid: number): string {
  return `the process with pid ${pid} ended, and another program has that pid now`;
}

/** Notes which process stands behind a target now: another than the one before, by pid or start time, is a restart. */
export function noteIdentity(row: Float64Array, identity: Identity, toleranceTicks = 0): void {
  const { pid, startTicks, writtenMs } = identity;
  row[processCell.WRITTEN_MS] = writtenMs;
  if (row[processCell.PID] === pid && isSameStart(row, startTicks, toleranceTicks)) return;
  if (row[processCell.PID] !== 0) row[processCell.RESTARTS]!++;
  row[processCell.PID] = pid;
  row[processCell.START_TICKS] = startTicks;
}

function isSameStart(row: Float64Array, startTicks: number, toleranceTicks: number): boolean {
  return Math.abs(row[processCell.START_TICKS]! - startTicks) <= toleranceTicks;
}
