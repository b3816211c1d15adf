import { type RingBuffers, ringControl } from '../contract/ring-cells.ts';
import { indexAfter } from '../promql/window.ts';

/** The rows of a ring in the order of their times. Take it from a ring that no writer changes meanwhile. */
export class RingRows {
  /** Ascending, each once. */
  readonly timesMs: Float64Array;
  /** Where the row of each time lies. */
  readonly slots: Int32Array;
  /** From here on the ring has all: rows that left it came before. NaN while it is empty. */
  readonly completeFromMs: number;
  /** Time of the first row ever written while no row left the ring and the clock went forward; else NaN. */
  readonly beganMs: number;

  constructor(buffers: RingBuffers, control: Int32Array, times: Float64Array) {
    const rows = control[ringControl.ROWS]!;
    const count = Math.min(rows, buffers.slots);
    this.slots = Int32Array.from({ length: count }, (_, i) => (rows - count + i) % buffers.slots);
    this.completeFromMs = times[this.slots[0] ?? -1] ?? Number.NaN;
    // After the clock jumped back times do not ascend as rows do; where two rows have one time, the later one stands.
    const isAscending = ascends(this.slots, times);
    if (!isAscending) this.slots = sorted(this.slots, times);
    this.beganMs = isAscending && rows <= buffers.slots ? this.completeFromMs : Number.NaN;
    this.timesMs = Float64Array.from(this.slots, (slot) => times[slot]!);
  }

  /** Where the rows of a range lie, both ends included. */
  range(startMs: number, endMs: number): { from: number; to: number } {
    const after = indexAfter(this.timesMs, startMs);
    const from = after > 0 && this.timesMs[after - 1] === startMs ? after - 1 : after;
    return { from, to: Math.max(from, indexAfter(this.timesMs, endMs)) };
  }
}

function ascends(slots: Int32Array, times: Float64Array): boolean {
  for (let i = 1; i < slots.length; i++) if (!(times[slots[i]!]! > times[slots[i - 1]!]!)) return false;
  return true;
}

function sorted(slots: Int32Array, times: Float64Array): Int32Array {
  const bySlot = new Map<number, number>();
  for (const slot of slots) bySlot.set(times[slot]!, slot);
  return Int32Array.from(
    [...bySlot].sort(([a], [b]) => a - b),
    ([, slot]) => slot,
  );
}
