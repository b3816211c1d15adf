/**
 * Shared cells that remember which process stood behind each name, so that a replaced worker still notices a
 * restart. One writer: the tick worker. Row i belongs to process i of the sampling plan.
 */
export const processCell = {
  /** Process id; 0 when none was found yet. */
  PID: 0,
  /** Start time in clock ticks since boot, field 22 of /proc/PID/stat: pid and start time are the identity. */
  START_TICKS: 1,
  RESTARTS: 2,
  /** Hash of the target that the row belongs to: when the plan changes, a row follows its target. 0: a free row. */
  TARGET: 3,
  /** When the pid file that named it was written, milliseconds since 1970; 0 where no file names it. */
  WRITTEN_MS: 4,
  LENGTH: 5,
} as const;

export const maxProcesses = 256;

/** Float64Array[maxProcesses × processCell.LENGTH] */
export function createProcessCells(): SharedArrayBuffer {
  return new SharedArrayBuffer(maxProcesses * processCell.LENGTH * 8);
}
