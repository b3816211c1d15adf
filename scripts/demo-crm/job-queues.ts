import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { doWork, type NewJob, type Work } from './jobs.ts';
import { type DemoQueue, demoQueues } from './queues.ts';
import type { Counts, Tally } from './tally.ts';
import type { LiveQueue } from './traffic.ts';

export type AddJob = (queue: string, job: NewJob) => Promise<void>;

export interface JobQueuesOptions {
  readonly connection: Redis;
  readonly tally: Tally;
  readonly onTrouble: (error: Error) => void;
  /** Told of each attempt that failed. */
  readonly onFailed: (error: Error, queue: string, job: string) => void;
}

/** The queues of the CRM with their workers. */
export class JobQueues {
  readonly live: readonly LiveQueue[];
  /** Jobs that this process saw, by queue. */
  readonly counts = { completed: {} as Counts, failed: {} as Counts };
  readonly #options: JobQueuesOptions;

  constructor(options: JobQueuesOptions) {
    this.#options = options;
    this.live = demoQueues.map((plan) => this.#open(plan));
  }

  readonly add: AddJob = async (queue, { name, data, opts }) => {
    await this.live.find(({ plan }) => plan.name === queue)!.queue.add(name, data, opts);
  };

  /** Workers first, so that no job is left half done. */
  async close(): Promise<void> {
    await Promise.all(this.live.map((one) => one.attend(false)));
    await Promise.all(this.live.map((one) => one.queue.close()));
  }

  #open(plan: DemoQueue): LiveQueue {
    const queue = new Queue<Work>(plan.name, { connection: this.#options.connection });
    queue.on('error', this.#options.onTrouble);
    let worker: Worker<Work> | undefined;
    return {
      plan,
      queue,
      attend: async (wanted) => {
        if (wanted && !worker) worker = this.#startWorker(plan);
        if (!wanted && worker) {
          const leaving = worker;
          worker = undefined;
          await leaving.close();
        }
      },
    };
  }

  #startWorker(plan: DemoQueue): Worker<Work> {
    const { connection, tally, onTrouble, onFailed } = this.#options;
    const worker = new Worker<Work>(plan.name, doWork, { ...plan.worker, connection });
    worker.on('error', onTrouble);
    worker.on('completed', ({ name }) => {
      count(this.counts.completed, plan.name);
      tally.count('jobs', `${plan.name}/${name} completed`);
    });
    worker.on('failed', (job, error) => {
      const name = job?.name ?? '';
      count(this.counts.failed, plan.name);
      tally.count('jobs', `${plan.name}/${name} failed`);
      tally.count('errors', error.name);
      onFailed(error, plan.name, name);
    });
    return worker;
  }
}

function count(to: Counts, name: string): void {
  to[name] = (to[name] ?? 0) + 1;
}
