import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { runtimeField } from '../../workers/contract/wire.ts';

/**
 * How often the event loop is asked to be on time. Half a thousandth of a core at 100 ms, seven times that at 20 ms; a
 * block of the loop shows in the maximum whenever it comes, less what was left of the interval.
 */
const resolutionMs = 100;

/** Reads how this thread is doing, over the time since the reading before. Costs nothing while it is stopped. */
export class RuntimeProbe {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #collections: PerformanceObserver;
  #pauseMs = 0;
  #utilization = performance.eventLoopUtilization();

  constructor() {
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#pauseMs += duration;
    });
  }

  start(): void {
    this.#delay.enable();
    this.#collections.observe({ type: 'gc' });
  }

  stop(): void {
    this.#delay.disable();
    this.#collections.disconnect();
  }

  /** Writes its fields of `runtimeField`; NaN where nothing was measured yet. */
  read(fields: Float64Array): void {
    for (const { duration } of this.#collections.takeRecords()) this.#pauseMs += duration;
    const delay = this.#delay;
    const isMeasured = delay.count > 0;
    fields[runtimeField.EVENTLOOP_DELAY_P50_MS] = isMeasured ? lateMs(delay.percentile(50)) : Number.NaN;
    fields[runtimeField.EVENTLOOP_DELAY_P99_MS] = isMeasured ? lateMs(delay.percentile(99)) : Number.NaN;
    fields[runtimeField.EVENTLOOP_DELAY_MAX_MS] = isMeasured ? lateMs(delay.max) : Number.NaN;
    fields[runtimeField.EVENTLOOP_UTILIZATION_RATIO] = performance.eventLoopUtilization(
      this.#utilization,
    ).utilization;
    const heap = getHeapStatistics();
    fields[runtimeField.HEAP_USED_BYTES] = heap.used_heap_size;
    fields[runtimeField.HEAP_TOTAL_BYTES] = heap.total_heap_size;
    fields[runtimeField.EXTERNAL_BYTES] = heap.external_memory;
    fields[runtimeField.GC_PAUSE_MS] = this.#pauseMs;
    this.#delay.reset();
    this.#pauseMs = 0;
    this.#utilization = performance.eventLoopUtilization();
  }
}

/** The histogram has nanoseconds from one turn to the next. */
function lateMs(betweenNs: number): number {
  return Math.max(0, betweenNs / 1e6 - resolutionMs);
}
