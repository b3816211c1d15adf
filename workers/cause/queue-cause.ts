import type { QueueState } from './queue-state.ts';
import { counted, durationText, named, numberText, rateText } from './wording.ts';

export type QueueCauseKind =
  | 'idle'
  | 'overloaded'
  | 'no_workers'
  | 'paused'
  | 'rate_limited'
  | 'overdue'
  | 'stalled'
  | 'unknown';

export interface QueueCause {
  readonly kind: QueueCauseKind;
  /** Sentences with the numbers behind it, the most important first. */
  readonly sentences: readonly string[];
}

/** Longer than so long without a finished job, and than ten long runs, is no ordinary pause. */
const stuckMs = 120_000;
const stuckRuns = 10;
/** Of the last readings, in which a rate limit held jobs back. */
const limitedShare = 0.5;
/** Of the active jobs, those that `stalled` is counted of. */
const mostLooked = 10;

/**
 * Why jobs of a queue wait: the first of these that is so. What is not known is not so.
 *
 * | kind           | when |
 * |----------------|------|
 * | `paused`       | the queue is paused |
 * | `no_workers`   | jobs wait and no worker is connected |
 * | `stalled`      | half of the oldest active jobs, at least, have lost their worker |
 * | `rate_limited` | jobs wait, and a rate limit held them back in half of the last readings |
 * | `stalled`      | jobs are active or wait, workers are connected, and for 2 minutes and ten long runs none finished |
 * | `unknown`      | jobs wait, none is active or was seen to finish, and how many workers there are is not known |
 * | `overloaded`   | jobs wait otherwise: they arrive faster than they are done, or a backlog is worked off |
 * | `overdue`      | delayed jobs are due and are not moved to waiting |
 * | `idle`         | nothing waits |
 */
export function queueCause(queue: QueueState): QueueCause {
  const { backlog, active, workers, overdue, stalled } = queue;
  const name = `Queue ${named(queue.tags.queue ?? '')}`;
  if (queue.paused === 1) return { kind: 'paused', sentences: [`${name} is paused.`, waitingText(queue)] };
  if (backlog > 0 && workers === 0) {
    const sentences = [`${name} has no worker connected.`, waitingText(queue), lostText(queue)];
    return { kind: 'no_workers', sentences };
  }
  if (stalled > 0 && stalled >= Math.min(active, mostLooked) / 2) {
    const sentences = [`${name} is stalled.`, lostText(queue), workersText(queue), waitingText(queue)];
    return { kind: 'stalled', sentences };
  }
  if (backlog > 0 && queue.rateLimitedShare >= limitedShare) {
    const rate = Number.isNaN(queue.finishedRate)
      ? ''
      : `${rateText(queue.finishedRate)} finish, ${rateText(queue.arrivalRate)} come.`;
    const sentences = [`${name} is held back by its rate limit.`, rate, waitingText(queue)];
    return { kind: 'rate_limited', sentences };
  }
  if (isStuck(queue)) {
    const nothing = `no job has finished for ${durationText(queue.noFinishMs)}`;
    const usual = queue.longRunMs >= 0 ? `, where 95 % took at most ${durationText(queue.longRunMs)}` : '';
    const sentences = [`${name} is stalled: ${nothing}${usual}.`, activeText(queue), waitingText(queue)];
    return { kind: 'stalled', sentences };
  }
  if (backlog > 0 && Number.isNaN(workers) && active === 0 && !(queue.finishedRate > 0)) {
    const nothing = `Nothing works on ${name[0]!.toLowerCase()}${name.slice(1)}`;
    const sentences = [`${nothing}, and how many workers it has is not known yet.`, waitingText(queue)];
    return { kind: 'unknown', sentences };
  }
  if (backlog > 0) return { kind: 'overloaded', sentences: overloadSentences(name, queue) };
  if (overdue > 0) {
    const many = counted(overdue, 'delayed job is', 'delayed jobs are');
    const sentences = [`${name} is overdue: ${many} due and not moved to waiting.`, workersText(queue)];
    return { kind: 'overdue', sentences };
  }
  return { kind: 'idle', sentences: idleSentences(name, queue) };
}

/** A job that waits for less is no backlog. */
const briefMs = 30_000;

/**
 * How a queue stands, whether or not anybody was alerted: as `queueCause` says, and `working` where that is `overloaded`
 * or `idle` but jobs are worked on and none waits for 30 s, or more finish than come.
 */
export function queueStanding(queue: QueueState): {
  readonly kind: QueueCauseKind | 'working';
  readonly sentences: readonly string[];
} {
  const cause = queueCause(queue);
  const { active, backlog, oldestAgeMs, finishedRate, arrivalRate } = queue;
  const isBusy = cause.kind === 'idle' && (active > 0 || finishedRate > 0);
  // Where none was seen to wait, the last one in the queue waits until those before it are done.
  const waitMs = Number.isNaN(oldestAgeMs) ? (backlog / finishedRate) * 1000 : oldestAgeMs;
  const keepsUp = waitMs < briefMs || finishedRate > arrivalRate;
  if (!isBusy && !(cause.kind === 'overloaded' && keepsUp)) return cause;
  const isKnown = !Number.isNaN(finishedRate) && !Number.isNaN(arrivalRate);
  const rates = isKnown ? `: ${rateText(arrivalRate)} come, ${rateText(finishedRate)} finish` : '';
  const name = `Queue ${named(queue.tags.queue ?? '')}`;
  const sentences = [`${name} works${rates}.`, waitingText(queue), activeText(queue), runText(queue)];
  return { kind: 'working', sentences };
}

function isStuck({ backlog, active, noFinishMs, longRunMs, stalled }: QueueState): boolean {
  if (!(active > 0 || backlog > 0) || Number.isNaN(noFinishMs)) return false;
  // Locks that are renewed and no run on record: these may simply be long jobs.
  if (active > 0 && Number.isNaN(longRunMs) && !(stalled > 0)) return false;
  return noFinishMs >= Math.max(stuckMs, stuckRuns * (longRunMs >= 0 ? longRunMs : 0));
}

function overloadSentences(name: string, queue: QueueState): string[] {
  const { arrivalRate, finishedRate, backlog } = queue;
  if (Number.isNaN(finishedRate) || Number.isNaN(arrivalRate)) {
    return [
      `${name} has more to do than it gets done.`,
      waitingText(queue),
      activeText(queue),
      runText(queue),
    ];
  }
  const rates = `${rateText(arrivalRate)} come, ${rateText(finishedRate)} finish`;
  const surplus = finishedRate - arrivalRate;
  if (surplus <= 0) {
    const first = `${name} is overloaded: ${rates}.`;
    return [first, neededText(queue), waitingText(queue), activeText(queue), runText(queue), lostText(queue)];
  }
  const left = `at this rate the backlog is worked off in ${durationText((backlog / surplus) * 1000)}`;
  return [`${name} has a backlog: ${rates}; ${left}.`, waitingText(queue), activeText(queue), runText(queue)];
}

/** Little's law: jobs at once = arrivals a second × seconds a job takes. */
function neededText({ arrivalRate, runMs, mostActive }: QueueState): string {
  const needed = Math.ceil((arrivalRate * runMs) / 1000);
  if (!(needed > 0)) return '';
  return `At ${durationText(runMs)} a job, ${counted(needed, 'job')} at once would keep up; at most ${numberText(mostActive)} ran.`;
}

function waitingText({ backlog, oldestAgeMs }: QueueState): string {
  if (Number.isNaN(backlog)) return '';
  if (backlog === 0) return 'Nothing waits.';
  const oldest = oldestAgeMs >= 0 ? `, the oldest for ${durationText(oldestAgeMs)}` : '';
  return `${counted(backlog, 'job waits', 'jobs wait')}${oldest}.`;
}

function lostText({ stalled, active }: QueueState): string {
  if (!(stalled > 0)) return '';
  return `${numberText(stalled)} of ${counted(active, 'active job')} ${stalled === 1 ? 'has' : 'have'} lost the worker.`;
}

function workersText({ workers }: QueueState): string {
  if (Number.isNaN(workers)) return '';
  return workers === 0
    ? 'No worker is connected.'
    : `${counted(workers, 'worker is', 'workers are')} connected.`;
}

function activeText({ active, workers }: QueueState): string {
  if (Number.isNaN(active)) return '';
  const on = Number.isNaN(workers) ? '' : ` on ${counted(workers, 'worker')}`;
  return `${counted(active, 'job is', 'jobs are')} active${on}.`;
}

/** Only where it is worth telling: jobs take twice as long as before. */
function runText({ runMs, usualRunMs }: QueueState): string {
  if (!(runMs >= 2 * usualRunMs && runMs - usualRunMs >= 20)) return '';
  return `A job takes ${durationText(runMs)}, before it took ${durationText(usualRunMs)}.`;
}

function idleSentences(name: string, { active, delayed, failedRate }: QueueState): string[] {
  const others = [
    active > 0 ? `${numberText(active)} active` : '',
    delayed > 0 ? `${numberText(delayed)} delayed for later` : '',
    failedRate > 0 ? `${rateText(failedRate)} fail` : '',
  ].filter((text) => text !== '');
  return [`${name} is idle: nothing waits${others.length > 0 ? `; ${others.join(', ')}` : ''}.`];
}
