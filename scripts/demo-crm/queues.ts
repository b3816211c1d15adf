import type { JobsOptions, WorkerOptions } from 'bullmq';
import { brokenExport, type NewJob } from './jobs.ts';

type Random = () => number;

/** What a stretch of time does to a queue, in seconds from the start of each period. */
interface Phase {
  readonly periodSeconds: number;
  readonly fromSecond: number;
  readonly toSecond: number;
}

/** A queue of the demo: its steady traffic, its waves, its workers. */
export interface DemoQueue {
  readonly name: string;
  readonly jobsPerSecond: number;
  /** A wave of `jobs` at once, `atSecond` of every period. */
  readonly wave?: { readonly periodSeconds: number; readonly atSecond: number; readonly jobs: number };
  /** While it is paused. */
  readonly paused?: Phase;
  /** While it has no workers at all. */
  readonly unattended?: Phase;
  readonly worker: Omit<WorkerOptions, 'connection'>;
  job(random: Random): NewJob;
}

/** About `mean`, half to one and a half times. */
function around(mean: number, random: Random): number {
  return Math.round(mean * (0.5 + random()));
}

function retried(attempts: number): JobsOptions {
  return { attempts, backoff: { type: 'exponential', delay: 500 } };
}

export const demoQueues: readonly DemoQueue[] = [
  {
    name: 'emails',
    jobsPerSecond: 12,
    // The workers keep BullMQ's own metrics.
    worker: { concurrency: 8, metrics: { maxDataPoints: 60 } },
    job(random) {
      const kind = random();
      return {
        name: kind < 0.1 ? 'password-reset' : kind < 0.2 ? 'reminder' : 'welcome',
        data: { waitMs: around(60, random), hashKb: 64, failures: random() < 0.03 ? 1 : 0 },
        opts: {
          ...retried(3),
          ...(kind < 0.1 ? { priority: 1 + Math.floor(random() * 5) } : {}),
          ...(kind >= 0.1 && kind < 0.2 ? { delay: around(10_000, random) } : {}),
          removeOnComplete: { count: 1000 },
        },
      };
    },
  },
  {
    name: 'invoices',
    jobsPerSecond: 3,
    // The month closes: CPU for a second or two.
    wave: { periodSeconds: 30, atSecond: 12, jobs: 60 },
    worker: { concurrency: 2 },
    job: (random) => ({
      name: 'render',
      data: { waitMs: around(10, random), hashKb: around(8_000, random), failures: random() < 0.04 ? 1 : 0 },
      opts: { removeOnComplete: { count: 1000 }, removeOnFail: { count: 500 } },
    }),
  },
  {
    name: 'imports',
    jobsPerSecond: 0.2,
    // Slower than it is fed: the backlog rises in waves.
    wave: { periodSeconds: 45, atSecond: 6, jobs: 40 },
    worker: { concurrency: 2 },
    job: (random) => ({
      name: 'csv',
      data: { waitMs: around(900, random), hashKb: around(2_000, random), failures: 0 },
      opts: random() < 0.25 ? { priority: 10 } : {},
    }),
  },
  {
    name: 'campaigns',
    jobsPerSecond: 4,
    paused: { periodSeconds: 30, fromSecond: 18, toSecond: 28 },
    worker: { concurrency: 4 },
    job: (random) =>
      random() < 0.04
        ? brokenExport
        : {
            name: 'segment',
            data: { waitMs: around(40, random), hashKb: 128, failures: 0 },
            opts: { removeOnComplete: true },
          },
  },
  {
    name: 'webhooks',
    jobsPerSecond: 2,
    unattended: { periodSeconds: 60, fromSecond: 0, toSecond: 20 },
    worker: { concurrency: 4 },
    job: (random) => ({
      name: 'deliver',
      data: { waitMs: around(120, random), hashKb: 64, failures: random() < 0.1 ? 2 : 0 },
      opts: { ...retried(3), removeOnComplete: { count: 1000 } },
    }),
  },
  {
    // A part of each report of the flow.
    name: 'report-parts',
    jobsPerSecond: 0,
    worker: { concurrency: 2 },
    job: (random) => ({
      name: 'part',
      data: { waitMs: around(600, random), hashKb: around(4_000, random), failures: 0 },
      opts: { removeOnComplete: { count: 1000 } },
    }),
  },
  {
    // The parents of the flow.
    name: 'reports',
    jobsPerSecond: 0,
    worker: { concurrency: 1 },
    job: (random) => ({
      name: 'monthly',
      data: { waitMs: around(200, random), hashKb: around(4_000, random), failures: 0 },
      opts: { removeOnComplete: { count: 1000 } },
    }),
  },
];

/** A report with three parts every so many seconds. */
export const reportEverySeconds = 5;

/** Whether `second` since the start lies in the phase. */
export function isIn(phase: Phase | undefined, second: number): boolean {
  if (!phase) return false;
  const at = second % phase.periodSeconds;
  return at >= phase.fromSecond && at < phase.toSecond;
}
