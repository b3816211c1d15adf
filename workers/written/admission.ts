import { isOwnMeasurement, isOwnMetric, recordedField } from '../point/own-names.ts';
import { buildLayout, type Layout, sortedTags, type Tags } from '../point/point.ts';
import type { Key } from './line-names.ts';

/** What may be written at once: series that were not written for `idleMs` make room. */
export interface AdmissionLimits {
  /** Of one measurement. */
  readonly tagSets: number;
  /** In all. */
  readonly series: number;
  /** Characters of all names together. */
  readonly names: number;
  readonly idleMs: number;
}

export const admissionLimits: AdmissionLimits = {
  tagSets: 2000,
  series: 50_000,
  names: 8_000_000,
  idleMs: 3_600_000,
};

/** A measurement with its tags, admitted. */
export interface TagSet {
  readonly measurement: string;
  readonly tags: Tags;
  /** By the names of the fields. */
  readonly layouts: Map<string, Layout>;
  lastMs: number;
  series: number;
  names: number;
}

/**
 * Decides which series others may write: none that would mix with what the agent emits, and not too many. It is kept by
 * the worker; a new one begins to count anew.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #measurements = new Map<string, Map<string, TagSet>>();
  #series = 0;
  #names = 0;
  /** When room was last looked for in vain: it costs a walk over all. */
  #fullMs = Number.NEGATIVE_INFINITY;

  constructor(limits: AdmissionLimits = admissionLimits) {
    this.#limits = limits;
  }

  /** The tag set of a key with the agent's own tags added, or why it is refused. */
  tagSet({ measurement, tags }: Key, commonTags: Tags, nowMs: number): TagSet | string {
    if (measurement === '') return 'a measurement without a name';
    if (isOwnMeasurement(measurement)) return `measurement "${measurement}" is the agent's own`;
    for (const name of ['time', '__name__'])
      if (Object.hasOwn(tags, name)) return `tag "${name}" is reserved`;
    const all = { ...commonTags, ...tags };
    const key = JSON.stringify(sortedTags(all));
    let sets = this.#measurements.get(measurement);
    const known = sets?.get(key);
    if (known) {
      known.lastMs = nowMs;
      return known;
    }
    const { tagSets } = this.#limits;
    if ((sets?.size ?? 0) >= tagSets && !this.#expire(nowMs))
      return `measurement "${measurement}" has more than ${tagSets} tag sets`;
    sets = this.#measurements.get(measurement) ?? new Map<string, TagSet>();
    this.#measurements.set(measurement, sets);
    const names = key.length + measurement.length;
    const made = { measurement, tags: all, layouts: new Map(), lastMs: nowMs, series: 0, names };
    sets.set(key, made);
    this.#names += names;
    return made;
  }

  /** The layout of a tag set with these fields, each of them once, or why it is refused. */
  layout(set: TagSet, fields: readonly string[], nowMs: number): Layout | string {
    const key = JSON.stringify(fields);
    const known = set.layouts.get(key);
    if (known) return known;
    const own = fields.find((field) => isOwnMetric(`${set.measurement}_${field}`));
    if (own !== undefined) return `metric "${set.measurement}_${own}" is the agent's own`;
    if (fields.includes('')) return 'a field without a name';
    if (fields.includes(recordedField)) return `field "${recordedField}" is reserved`;
    const { series, names } = this.#limits;
    const isFull = this.#series + fields.length > series || this.#names + key.length > names;
    if (isFull && !this.#expire(nowMs))
      return `there are more than ${series} series, or their names are too long`;
    const layout = buildLayout([{ measurement: set.measurement, tags: set.tags, fields }]);
    set.layouts.set(key, layout);
    set.series += fields.length;
    set.names += key.length;
    this.#series += fields.length;
    this.#names += key.length;
    return layout;
  }

  /** Forgets what was not written for long; true when there was any. */
  #expire(nowMs: number): boolean {
    if (nowMs - this.#fullMs < this.#limits.idleMs / 60) return false;
    let found = false;
    for (const [measurement, sets] of this.#measurements) {
      for (const [key, { lastMs, series, names }] of sets) {
        if (lastMs > nowMs - this.#limits.idleMs) continue;
        sets.delete(key);
        this.#series -= series;
        this.#names -= names;
        found = true;
      }
      if (sets.size === 0) this.#measurements.delete(measurement);
    }
    if (!found) this.#fullMs = nowMs;
    return found;
  }
}
