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

/**
 * Notes which process stands behind a target now. Another process than the one before, by pid or start time, is a
 * restart; `toleranceTicks` is how far a start time may be off without being another.
 */
export function noteIdentity(row: Float64Array, pid: number, startTicks: number, toleranceTicks = 0): void {
  const sameStart = Math.abs(row[processCell.START_TICKS]! - startTicks) <= toleranceTicks;
  if (row[processCell.PID] === pid && sameStart) return;
  if (row[processCell.PID] !== 0) row[processCell.RESTARTS]!++;
  row[processCell.PID] = pid;
  row[processCell.START_TICKS] = startTicks;
}
