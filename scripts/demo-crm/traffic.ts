import { FlowProducer, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Work } from './jobs.ts';
import { type DemoQueue, isIn, reportEverySeconds } from './queues.ts';
import { seededRandom } from './random.ts';

/** Steps of traffic a second. */
const stepsPerSecond = 10;

/** A queue with what the traffic knows of it. */
export interface LiveQueue {
  readonly plan: DemoQueue;
  readonly queue: Queue<Work>;
  /** Starts or ends its workers. */
  attend(wanted: boolean): Promise<void>;
}

/**
 * Steady traffic, the same jobs in the same order for the same seed. Each step depends on its number only, not on the
 * clock, so a slow machine gets the same work later.
 */
export class Traffic {
  readonly #queues: readonly LiveQueue[];
  readonly #rate: number;
  readonly #random: () => number;
  readonly #flow: FlowProducer;
  readonly #due = new Map<string, number>();
  readonly #paused = new Set<string>();

  /** `rate` multiplies every number of jobs; 1 is about 25 jobs a second, 0 no traffic at all. */
  constructor(queues: readonly LiveQueue[], connection: Redis, rate: number, seed: number) {
    this.#queues = queues;
    this.#rate = rate;
    this.#random = seededRandom(seed);
    this.#flow = new FlowProducer({ connection });
  }

  /** Makes traffic until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    let nextMs = performance.now();
    for (let step = 0; !signal.aborted; step++) {
      await this.#step(step);
      nextMs += 1000 / stepsPerSecond;
      const lateMs = performance.now() - nextMs;
      // After a pause of the machine or of Redis there is no catching up.
      if (lateMs > 1000) nextMs += lateMs;
      else if (lateMs < 0) await new Promise((resolve) => setTimeout(resolve, -lateMs));
    }
    await this.#flow.close();
  }

  async #step(step: number): Promise<void> {
    const second = step / stepsPerSecond;
    const isQuiet = this.#rate === 0;
    for (const live of this.#queues) {
      await live.attend(isQuiet || !isIn(live.plan.unattended, second));
      await this.#pause(live, !isQuiet && isIn(live.plan.paused, second));
      const jobs = Array.from({ length: this.#jobsDue(live.plan, step) }, () => live.plan.job(this.#random));
      if (jobs.length > 0) await live.queue.addBulk(jobs);
    }
    if (!isQuiet && step % (reportEverySeconds * stepsPerSecond) === 0) await this.#report();
  }

  #jobsDue(plan: DemoQueue, step: number): number {
    const due = (this.#due.get(plan.name) ?? 0) + (plan.jobsPerSecond * this.#rate) / stepsPerSecond;
    this.#due.set(plan.name, due % 1);
    const { periodSeconds, atSecond, jobs } = plan.wave ?? { periodSeconds: 1, atSecond: 0, jobs: 0 };
    const isWave = step % (periodSeconds * stepsPerSecond) === atSecond * stepsPerSecond;
    return Math.floor(due) + (isWave ? Math.round(jobs * this.#rate) : 0);
  }

  async #pause({ plan, queue }: LiveQueue, wanted: boolean): Promise<void> {
    if (wanted === this.#paused.has(plan.name)) return;
    if (wanted) {
      this.#paused.add(plan.name);
      await queue.pause();
    } else {
      this.#paused.delete(plan.name);
      await queue.resume();
    }
  }

  async #report(): Promise<void> {
    const plan = (name: string) => this.#queues.find((live) => live.plan.name === name)!.plan;
    const parts = Array.from({ length: 3 }, () => ({
      ...plan('report-parts').job(this.#random),
      queueName: 'report-parts',
    }));
    await this.#flow.add({ ...plan('reports').job(this.#random), queueName: 'reports', children: parts });
  }
}
