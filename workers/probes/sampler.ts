import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SamplingPlan } from '../contract/tasks.ts';
import { KernelSampler } from './kernel-sampler.ts';
import { PortableSampler } from './portable-sampler.ts';
import type { Sample } from './sample.ts';

/**
 * Samples host, disks and processes: over the plan's proc file system where there is one, else portably. A plan
 * that changed takes a new sampler; the shared cells carry over what was known of each target.
 */
export class Sampler {
  readonly #sampler: KernelSampler | PortableSampler;

  /** `monotonicMs` is read at each reading: rates are over the time between readings, not between ticks. */
  constructor(
    plan: SamplingPlan,
    processCells: SharedArrayBuffer,
    monotonicMs: () => number = () => performance.now(),
  ) {
    const isLinux = process.platform === 'linux' && existsSync(join(plan.procRoot, 'stat'));
    const Kind = isLinux ? KernelSampler : PortableSampler;
    this.#sampler = new Kind(plan, processCells, monotonicMs);
  }

  /**
   * Samples everything once. A promise only where there is no proc file system. Neither throws nor rejects: a
   * source that cannot be read is down, with its problem in words. Calls must not overlap. What is dear is read
   * `slowFactor` times less often than the plan says.
   */
  sample(slowFactor = 1): Sample | Promise<Sample> {
    return this.#sampler.sample(slowFactor);
  }

  close(): void {
    this.#sampler.close();
  }
}
