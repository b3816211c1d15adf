import type { Snapshot } from '../snapshot-shape.ts';

/**
 * An event as a stream sends it; `json` has no line breaks. Source: HTML standard, 9.2.6 Interpreting an event stream.
 */
export function eventBytes(name: string, json: string, id?: number): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`);
}

/** Says that ticks between two times are not here any more: who wants them asks the history. */
export function gapEvent(fromMs: number, toMs: number): Buffer {
  return eventBytes('gap', JSON.stringify({ since: isoOf(fromMs), until: isoOf(toMs) }));
}

/** Null for what no calendar has. */
function isoOf(timeMs: number): string | null {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : null;
}

/** A snapshot as text and bytes: however many look on, it is encoded once. */
export interface EncodedSnapshot {
  readonly snapshot: Snapshot;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** What `/api/monitoring/snapshot` answers. */
  readonly answer: string;
  readonly event: Buffer;
}

/** Keeps the encoded form of the newest snapshot that it was given. */
export class SnapshotEncoder {
  #newest: EncodedSnapshot | undefined;

  encode(snapshot: Snapshot): EncodedSnapshot {
    if (this.#newest?.snapshot !== snapshot) {
      const json = JSON.stringify(snapshot);
      const timeMs = Date.parse(snapshot.timestamp);
      const answer = `{"success":true,"data":${json}}`;
      this.#newest = { snapshot, timeMs, answer, event: eventBytes('snapshot', json, timeMs) };
    }
    return this.#newest;
  }
}
