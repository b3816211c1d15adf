import type { Connection } from './connection.ts';
import { countPlainly } from './counts-plain.ts';
import { countByScript, type QueueCounts } from './counts-script.ts';
import { forget, type QueueTable, queueField } from './queue-table.ts';
import { type ScriptRunner, scriptsForbidden } from './scripts.ts';

/** A script over so many queues takes Redis about 1 ms: others get in between. */
const queuesPerSlice = 100;

/** Reads the counts of every queue, in slices one after the other. */
export class CountsReader {
  readonly #connection: Connection;
  readonly #scripts: ScriptRunner;
  #forbiddenOn = 0;
  #table: QueueTable | undefined;
  /** For each queue of the table the keys that had jobs, as the sum of 2^index. */
  #had = new Uint8Array(0);

  constructor(connection: Connection, scripts: ScriptRunner) {
    this.#connection = connection;
    this.#scripts = scripts;
  }

  /** Whether this connection may not run scripts, so that plain commands are sent instead. */
  get scriptsForbidden(): boolean {
    return this.#forbiddenOn > 0 && this.#forbiddenOn === this.#connection.made;
  }

  /**
   * Writes the counts into `values`; those of a queue that is not there stay NaN, and it is forgotten. `inTime` is
   * asked before each slice and throws when it is too late.
   */
  async read(table: QueueTable, values: Float64Array, inTime: () => void): Promise<void> {
    if (this.#table !== table) {
      this.#table = table;
      this.#had = new Uint8Array(table.queues.length);
    }
    for (let first = 0; first < table.queues.length; first += queuesPerSlice) {
      inTime();
      const slice = table.queues.slice(first, first + queuesPerSlice);
      const keyBases = slice.map((queue) => queue.keyBase);
      const had = this.#had.subarray(first, first + queuesPerSlice);
      const counts = await this.#count(keyBases, had);
      slice.forEach((queue, i) => {
        const found = counts[i];
        if (found) write(values, table.offset(first + i), found);
        else forget(queue);
        had[i] = found ? keysWithJobs(found) : 0;
      });
    }
  }

  async #count(keyBases: readonly string[], had: Uint8Array): Promise<(QueueCounts | null)[]> {
    if (!this.scriptsForbidden) {
      try {
        return await countByScript(this.#scripts, keyBases, had);
      } catch (error) {
        if (!scriptsForbidden(error)) throw error;
        this.#forbiddenOn = this.#connection.made;
      }
    }
    return countPlainly(this.#connection, keyBases);
  }
}

function write(values: Float64Array, at: number, { jobs, paused }: QueueCounts): void {
  const [wait = -1, held = -1, ...others] = jobs;
  const [active, completed, failed, delayed, prioritized, waitingChildren] = others.map(knownCount);
  values[at + queueField.waiting] = knownCount(wait) + knownCount(held);
  values[at + queueField.active] = active!;
  values[at + queueField.completed] = completed!;
  values[at + queueField.failed] = failed!;
  values[at + queueField.delayed] = delayed!;
  values[at + queueField.prioritized] = prioritized!;
  values[at + queueField.waiting_children] = waitingChildren!;
  values[at + queueField.paused] = paused;
}

function knownCount(count: number): number {
  return count < 0 ? Number.NaN : count;
}

function keysWithJobs({ jobs }: QueueCounts): number {
  return jobs.reduce((bits, count, k) => (count > 0 ? bits | (1 << k) : bits), 0);
}
