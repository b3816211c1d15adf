import { recordedField } from '../point/own-names.ts';
import type { Tags } from '../point/point.ts';
import { labelTest } from '../promql/matcher.ts';
import type { Matcher } from '../promql/nodes.ts';

/** A series as PromQL knows it. */
export interface Metric {
  /** `__name__` and the tags; the same object for as long as the series is there. */
  readonly labels: Record<string, string>;
}

/** Lone surrogates are no text, so no name or value holds this. */
const separator = '\ud800';
/** Lookups that are kept; a file of rules asks the same ones at each evaluation. */
const mostFound = 4096;

/** The field `f` of the measurement `m` is the metric `m_f` with the tags as labels. */
export function metricLabels(measurement: string, field: string, tags: Tags): Record<string, string> {
  const labels = Object.assign(Object.create(null) as Record<string, string>, tags);
  labels.__name__ = field === recordedField ? measurement : `${measurement}_${field}`;
  return labels;
}

/** Finds metrics by matchers. It belongs to one list of metrics: others need another index. */
export class MetricIndex<M extends Metric> {
  readonly #byName = new Map<string, M[]>();
  /** Of one name and label, by value; made when first asked for. */
  readonly #byLabel = new Map<string, Map<string, M[]>>();
  readonly #found = new Map<string, readonly M[]>();

  constructor(metrics: Iterable<M>) {
    for (const metric of metrics) {
      const name = metric.labels.__name__!;
      const list = this.#byName.get(name);
      if (list) list.push(metric);
      else this.#byName.set(name, [metric]);
    }
  }

  hasName(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The names of all metrics. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  /**
   * Those that all matchers fit; a label that is not there is empty. The same list for the same matchers.
   *
   * @throws Error for a regular expression that RE2 refuses
   */
  find(matchers: readonly Matcher[]): readonly M[] {
    let key = '';
    for (const { name, op, value } of matchers) key += name + separator + op + separator + value + separator;
    const known = this.#found.get(key);
    if (known) return known;
    if (this.#found.size >= mostFound) this.#found.clear();
    const tests = matchers.map((matcher) => ({ name: matcher.name, fits: labelTest(matcher) }));
    const found = this.#named(matchers).filter(({ labels }) =>
      tests.every(({ name, fits }) => fits(labels[name] ?? '')),
    );
    this.#found.set(key, found);
    return found;
  }

  #named(matchers: readonly Matcher[]): readonly M[] {
    const exact = matchers.find(({ name, op }) => name === '__name__' && op === '=');
    if (exact) {
      const label = matchers.find(({ name, op, value }) => name !== '__name__' && op === '=' && value !== '');
      if (label) return this.#labelled(exact.value, label.name).get(label.value) ?? [];
      return this.#byName.get(exact.value) ?? [];
    }
    const tests = matchers.filter(({ name }) => name === '__name__').map(labelTest);
    return [...this.#byName].flatMap(([name, list]) => (tests.every((fits) => fits(name)) ? list : []));
  }

  #labelled(name: string, label: string): Map<string, M[]> {
    const key = name + separator + label;
    let byValue = this.#byLabel.get(key);
    if (byValue) return byValue;
    byValue = new Map();
    for (const metric of this.#byName.get(name) ?? []) {
      const value = metric.labels[label] ?? '';
      const list = byValue.get(value);
      if (list) list.push(metric);
      else byValue.set(value, [metric]);
    }
    this.#byLabel.set(key, byValue);
    return byValue;
  }
}
