import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, JobsOptions } from 'bullmq';

/** What a job of the demo costs; decided when it is made, so that the same seed gives the same work. */
export interface Work {
  /** Time spent waiting for somebody else: a mail server, a database. */
  readonly waitMs: number;
  /** Kilobytes to hash: the CPU part, about 2.5 µs each. */
  readonly hashKb: number;
  /** How many attempts fail before one succeeds. */
  readonly failures: number;
}

export interface NewJob {
  readonly name: string;
  readonly data: Work;
  readonly opts: JobsOptions;
}

/** The mail to a contact that was just made. */
export const welcome: NewJob = {
  name: 'welcome',
  data: { waitMs: 60, hashKb: 64, failures: 0 },
  opts: { removeOnComplete: { count: 1000 } },
};

/** The export of a segment is broken: it always fails. */
export const brokenExport: NewJob = {
  name: 'export-segment',
  data: { waitMs: 20, hashKb: 0, failures: 1 },
  opts: { removeOnFail: { count: 500 } },
};

const page = Buffer.alloc(64 * 1024, 'nova');

/** The work of every queue: wait, compute, and now and then fail. */
export async function doWork(job: Job<Work>): Promise<string> {
  const { waitMs, hashKb, failures } = job.data;
  await sleep(waitMs);
  const hash = createHash('sha256');
  for (let kb = 0; kb < hashKb; kb += 64) hash.update(page);
  if (job.attemptsMade < failures) throw new Error(`${job.name}: the other side answered 503`);
  return hash.digest('hex');
}
