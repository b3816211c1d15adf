import { Refusals } from '../../workers/contract/refusals.ts';
import type { Precision, WriteOutcome, WriteResult, WriteTask } from '../../workers/contract/written.ts';

/** Commits parts of bodies. */
export interface WritePort {
  write(task: WriteTask): Promise<WriteResult>;
}

/**
 * Hands bodies to the tick worker part by part, one body after the other: ticks, batches of sinks and slices of compaction
 * come in between, each after a part at most.
 */
export class WriteDesk {
  readonly #port: WritePort;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(port: WritePort) {
    this.#port = port;
  }

  /**
   * Resolves when every point of the body is committed or refused. Rejects with the worker's AgentError; what was
   * committed before stays, and the same body may be written again: the same series and times take their own place.
   */
  write(body: SharedArrayBuffer, precision: Precision, nowMs: number): Promise<WriteOutcome> {
    const turn = this.#turn.then(() => this.#writeAll(body, precision, nowMs));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #writeAll(body: SharedArrayBuffer, precision: Precision, nowMs: number): Promise<WriteOutcome> {
    const refusals = new Refusals();
    let stored = 0;
    for (let offset = 0; offset < body.byteLength; ) {
      const part = await this.#port.write({ body, offset, precision, nowMs });
      offset = part.next;
      stored += part.stored;
      refusals.add(part.refused);
    }
    const { points, unstoredFields } = refusals;
    return { stored, refused: points, leftOut: unstoredFields, reasons: refusals.texts() };
  }
}
