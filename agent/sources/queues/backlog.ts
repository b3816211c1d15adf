import { type BacklogReply, readBacklog } from './backlog-script.ts';
import { type QueueTable, queueField, type Tally, type WatchedQueue } from './queue-table.ts';
import { holdsBack } from './rate-limit.ts';
import type { ScriptRunner } from './scripts.ts';

/** Cheap per queue, dear per waiting job looked at: about 1 ms of Redis a slice at the most. */
const queuesPerSlice = 50;

/**
 * Jobs count as finished so long after their finishing time, which is the worker's clock and is set before the job
 * reaches Redis: jobs that arrive out of order, or from a host whose clock is behind, are not missed.
 */
export const settleMs = 2_000;

/** Jobs of one queue that finished between its watermarks and `untilMs`. */
export interface FinishedSpan {
  readonly queue: WatchedQueue;
  readonly completedAfterMs: number;
  readonly failedAfterMs: number;
  readonly untilMs: number;
  readonly completed: number;
  readonly failed: number;
}

/**
 * What is dearer than counts and is asked every 10 s: totals of finished jobs, the age of the oldest waiting, and
 * what may keep jobs from being worked on.
 */
export class BacklogReader {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  /**
   * Writes `completed_total`, `failed_total`, `oldest_waiting_age_ms`, `rate_limited`, `overdue` and `stalled`; counts
   * and workers must be in `values` already. Gives the jobs that finished since the reading before. `inTime` throws
   * when it is too late for another slice; queues that were not reached keep their watermarks.
   */
  async read(table: QueueTable, values: Float64Array, inTime: () => void): Promise<FinishedSpan[]> {
    const spans: FinishedSpan[] = [];
    const present = table.queues.flatMap((_, i) =>
      Number.isNaN(values[table.offset(i) + queueField.paused]!) ? [] : i,
    );
    for (let first = 0; first < present.length; first += queuesPerSlice) {
      inTime();
      const slice = present.slice(first, first + queuesPerSlice);
      const questions = slice.map((i) => {
        const { keyBase, completed, failed } = table.queues[i]!;
        const at = table.offset(i);
        return {
          keyBase,
          completedAfterMs: completed.watermarkMs,
          failedAfterMs: failed.watermarkMs,
          jobsWait: someoneWaits(values, at),
          jobsAreDelayed: values[at + queueField.delayed]! > 0,
          jobsAreActive: values[at + queueField.active]! > 0,
        };
      });
      const { nowMs, queues } = await readBacklog(this.#scripts, questions, settleMs);
      slice.forEach((i, s) => {
        const [queue, at] = [table.queues[i]!, table.offset(i)];
        writeHindrances(queue, values, at, queues[s]!);
        spans.push(take(queue, values, at, nowMs, queues[s]!));
      });
    }
    return spans.filter((span) => span.completed + span.failed > 0);
  }
}

function take(
  queue: WatchedQueue,
  values: Float64Array,
  at: number,
  nowMs: number,
  reply: BacklogReply,
): FinishedSpan {
  const { completedMetric, failedMetric, completed, failed, oldestAgeMs } = reply;
  const span = {
    queue,
    completedAfterMs: queue.completed.watermarkMs,
    failedAfterMs: queue.failed.watermarkMs,
    untilMs: nowMs - settleMs,
    completed,
    failed,
  };
  // Workers that keep metrics keep both, each from its first job on.
  const metricsKept = completedMetric >= 0 || failedMetric >= 0;
  advance(queue.completed, nowMs, completed, reply.completedOlder, values[at + queueField.completed]!);
  advance(queue.failed, nowMs, failed, reply.failedOlder, values[at + queueField.failed]!);
  values[at + queueField.completed_total] = totalOf(queue.completed, completedMetric, metricsKept);
  values[at + queueField.failed_total] = totalOf(queue.failed, failedMetric, metricsKept);
  if (oldestAgeMs >= 0) values[at + queueField.oldest_waiting_age_ms] = oldestAgeMs;
  return span;
}

/** Where the counts say that there is nothing to look for, the answer is 0; where they are not known, neither is it. */
function writeHindrances(queue: WatchedQueue, values: Float64Array, at: number, reply: BacklogReply): void {
  const { overdue, stalled } = reply;
  const active = values[at + queueField.active]!;
  const known = (count: number) => (count >= 0 ? count : Number.NaN);
  if (someoneWaits(values, at)) {
    const workers = values[at + queueField.workers]!;
    const isPaused = values[at + queueField.paused] === 1;
    values[at + queueField.rate_limited] = isPaused ? 0 : holdsBack(reply, active, workers, queue.mostActive);
  } else if (!Number.isNaN(values[at + queueField.waiting]!)) values[at + queueField.rate_limited] = 0;
  const delayed = values[at + queueField.delayed]!;
  values[at + queueField.overdue] = delayed > 0 ? known(overdue) : delayed;
  values[at + queueField.stalled] = active > 0 ? known(stalled) : active;
  if (active > queue.mostActive) queue.mostActive = active;
}

function advance(tally: Tally, nowMs: number, fresh: number, older: number, keptNow: number): void {
  const firstLook = Number.isNaN(tally.watermarkMs);
  // Whatever lay before the watermark is gone, and newer jobs are there: more of them may have come and gone.
  tally.outrun = tally.settled && fresh > 0 && older === 0;
  tally.settled ||= fresh > 0 || (firstLook && keptNow > 0);
  tally.kept ||= keptNow > 0 || fresh > 0;
  tally.counted += fresh;
  tally.watermarkMs = firstLook ? nowMs : Math.max(tally.watermarkMs, nowMs - settleMs);
}

function totalOf(tally: Tally, metric: number, metricsKept: boolean): number {
  if (metric >= 0) return metric;
  return (tally.kept || metricsKept) && !tally.outrun ? tally.counted : Number.NaN;
}

function someoneWaits(values: Float64Array, at: number): boolean {
  return values[at + queueField.waiting]! > 0 || values[at + queueField.prioritized]! > 0;
}
