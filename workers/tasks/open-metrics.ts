import type { PromqlTask } from '../contract/promql-tasks.ts';
import { durationBoundsUs, durationTotalCell, type EventBuffers } from '../contract/window-cells.ts';
import { DurationTotalsReader, type TotalDurations } from '../events/duration-totals-reader.ts';
import { toldForMs } from '../events/series-reading.ts';
import type { Tags } from '../point/point.ts';
import type { MetricRing } from '../ring/metric-ring.ts';
import { ticksUntilStale } from '../store/stale-gaps.ts';
import { familyOf, isFamily } from './open-metrics-families.ts';
import { Body, valueText } from './promql-answer.ts';

/** Lines with a value; what is more is left out, and how much is told. */
const mostLines = 100_000;
const leftOutName = 'scrape_series_left_out';
const leftOutHelp = 'Series that are not here because there are too many, or because their names are none';
const nameForm = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const linesOfHistogram = durationBoundsUs.length + 3;

type MetricsTask = Pick<PromqlTask, 'intervalMs' | 'slowFactor' | 'commonTags'> & {
  readonly isOpenMetrics: boolean;
};

/** Of one metric: labels as they stand in braces, and values. */
interface Samples {
  readonly labels: string[];
  readonly values: number[];
}

/**
 * Newest value of every series that has not ended, and durations since the start as histograms, in the text that Prometheus
 * scrapes: https://prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0.
 */
export class OpenMetrics {
  readonly #ring: MetricRing;
  readonly #durations: DurationTotalsReader;
  readonly #monotonicMs: () => number;
  /** Of labels that the ring gives again each time. */
  readonly #texts = new WeakMap<object, string>();

  /** @param monotonicMs the clock of the event windows: the same for all threads */
  constructor(ring: MetricRing, events: EventBuffers, monotonicMs: () => number) {
    this.#ring = ring;
    this.#monotonicMs = monotonicMs;
    this.#durations = new DurationTotalsReader(events);
  }

  /** UTF-8. */
  text(task: MetricsTask): Uint8Array {
    const { intervalMs, slowFactor, isOpenMetrics } = task;
    const metrics = this.#newest(ticksUntilStale(intervalMs, slowFactor));
    const writer = new FamilyWriter(isOpenMetrics, metrics);
    for (const name of [...metrics.keys()].sort()) writer.addMetric(name, metrics.get(name)!);
    this.#addHistograms(writer, task.commonTags);
    return writer.end();
  }

  /** By name; a series counts that had a value in one of the last ticks. */
  #newest(ticks: number): Map<string, Samples> {
    const metrics = new Map<string, Samples>();
    const newestMs = this.#ring.newestMs();
    if (Number.isNaN(newestMs)) return metrics;
    const timesMs = this.#ring.rowTimes(0, newestMs);
    const firstMs = timesMs[Math.max(0, timesMs.length - ticks)]!;
    for (const { labels, values } of this.#ring.select(everySeries, firstMs, newestMs)) {
      const name = labels.__name__!;
      let samples = metrics.get(name);
      if (!samples) {
        samples = { labels: [], values: [] };
        metrics.set(name, samples);
      }
      samples.labels.push(this.#labelsText(labels));
      samples.values.push(values.at(-1)!);
    }
    return metrics;
  }

  #labelsText(labels: Readonly<Record<string, string>>): string {
    let text = this.#texts.get(labels);
    if (text === undefined) {
      text = labelsText(labels);
      this.#texts.set(labels, text);
    }
    return text;
  }

  #addHistograms(writer: FamilyWriter, commonTags: Tags): void {
    const byMeasurement = new Map<string, TotalDurations[]>();
    for (const one of this.#durations.read(this.#monotonicMs() - toldForMs)) {
      const list = byMeasurement.get(one.measurement);
      if (list) list.push(one);
      else byMeasurement.set(one.measurement, [one]);
    }
    for (const [measurement, list] of byMeasurement)
      writer.addHistogram(
        `${measurement}_duration_seconds`,
        list.map(({ tags, cells }) => [labelsText({ ...commonTags, ...tags }), cells]),
      );
  }
}

const everySeries = [{ name: '__name__', op: '=~', value: '.+' }] as const;

/** Writes families one behind the other. */
class FamilyWriter {
  readonly #isOpenMetrics: boolean;
  readonly #names: ReadonlyMap<string, unknown>;
  readonly #body = new Body();
  #lines = 0;
  #leftOut = 0;

  constructor(isOpenMetrics: boolean, names: ReadonlyMap<string, unknown>) {
    this.#isOpenMetrics = isOpenMetrics;
    this.#names = names;
  }

  addMetric(name: string, { labels, values }: Samples): void {
    const fitting = Math.min(labels.length, mostLines - this.#lines);
    if (!nameForm.test(name) || fitting <= 0) {
      this.#leftOut += labels.length;
      return;
    }
    this.#leftOut += labels.length - fitting;
    this.#head(name);
    for (let i = 0; i < fitting; i++) this.#line(name, labels[i]!, values[i]!);
  }

  addHistogram(name: string, series: readonly (readonly [labels: string, cells: Float64Array])[]): void {
    this.#head(name);
    for (const [labels, cells] of series) {
      if (this.#lines + linesOfHistogram > mostLines) {
        this.#leftOut++;
        continue;
      }
      let count = 0;
      durationBoundsUs.forEach((us, i) => {
        count += cells[durationTotalCell.BUCKETS + i]!;
        this.#line(`${name}_bucket`, withLabel(labels, 'le', valueText(us / 1e6)), count);
      });
      count += cells[durationTotalCell.BEYOND]!;
      this.#line(`${name}_bucket`, withLabel(labels, 'le', '+Inf'), count);
      this.#line(`${name}_sum`, labels, cells[durationTotalCell.SUM_US]! / 1e6);
      this.#line(`${name}_count`, labels, count);
    }
  }

  end(): Uint8Array {
    const type = `# TYPE ${leftOutName} gauge\n# HELP ${leftOutName} ${leftOutHelp}\n`;
    this.#body.add(`${type}${leftOutName} ${this.#leftOut}\n`);
    if (this.#isOpenMetrics) this.#body.add('# EOF\n');
    return this.#body.bytes();
  }

  #head(name: string): void {
    const { type, help, unit } = familyOf(name);
    const isCounter = type === 'counter';
    const bare = isCounter ? name.replace(/_total$/, '') : name;
    // In OpenMetrics a counter `x` has the sample `x_total`: where there is a gauge `x` too its type cannot be told.
    const isTaken = isCounter && (this.#names.has(bare) || isFamily(bare));
    const family = this.#isOpenMetrics && !isTaken ? bare : name;
    const words = this.#isOpenMetrics ? (isTaken ? 'unknown' : type) : type === 'unknown' ? 'untyped' : type;
    this.#body.add(`# TYPE ${family} ${words}\n`);
    if (unit !== '' && this.#isOpenMetrics && family.endsWith(`_${unit}`))
      this.#body.add(`# UNIT ${family} ${unit}\n`);
    if (help !== '') this.#body.add(`# HELP ${family} ${this.#escaped(help)}\n`);
  }

  #line(name: string, labels: string, value: number): void {
    this.#body.add(`${name}${labels} ${valueText(value)}\n`);
    this.#lines++;
  }

  #escaped(help: string): string {
    const text = help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
    return this.#isOpenMetrics ? text.replace(/"/g, '\\"') : text;
  }
}

/** `{a="b"}` in the order of names, without the metric's; '' without any. */
function labelsText(labels: Tags): string {
  const pairs = Object.keys(labels)
    .filter((name) => name !== '__name__' && labels[name] !== '')
    .sort()
    .map((name) => `${labelName(name)}="${escaped(labels[name]!)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function withLabel(text: string, name: string, value: string): string {
  return text === '' ? `{${name}="${value}"}` : `${text.slice(0, -1)},${name}="${value}"}`;
}

/** What no label may be called is written with `_`, as Prometheus's client libraries do. */
function labelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : `_${name}`.replace(/[^a-zA-Z0-9_]/g, '_');
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
    : value;
}
