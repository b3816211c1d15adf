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

/** A measurement with its tags, of which some fields are admitted. */
export interface TagSet {
  /** By the names of the fields. */
  readonly layouts: Map<string, Layout>;
  /** When it was written last. */
  lastMs: number;
  series: number;
  /** Characters of all its layouts' names. */
  names: number;
}

export interface Admitted {
  readonly set: TagSet;
  readonly layout: Layout;
}

/**
 * Decides which series others may write: none that would mix with what the agent emits, and not too many. It is kept by
 * the worker; a new one begins to count anew. What is refused leaves nothing behind.
 */
export class Admission {
  /** Grows when tag sets are forgotten: who remembers one is to ask again. */
  generation = 0;
  readonly #limits: AdmissionLimits;
  readonly #measurements = new Map<string, Map<string, TagSet>>();
  #series = 0;
  #names = 0;
  /** When room was last looked for in vain: it costs a walk over all. */
  #fullMs = Number.NEGATIVE_INFINITY;

  constructor(limits: AdmissionLimits = admissionLimits) {
    this.#limits = limits;
  }

  /** The layout of a key with these fields, each of them once, and with the agent's own tags added; or why it is refused. */
  admit(key: Key, fields: readonly string[], commonTags: Tags, nowMs: number): Admitted | string {
    const { measurement } = key;
    const problem = problemOfKey(key) || problemOfFields(measurement, fields);
    if (problem) return problem;
    const tags = { ...commonTags, ...key.tags };
    const tagsText = JSON.stringify(sortedTags(tags));
    const fieldsText = JSON.stringify(fields);
    const known = this.#measurements.get(measurement)?.get(tagsText);
    const layout = known?.layouts.get(fieldsText);
    if (known && layout) return { set: known, layout };
    // It is not to go while room is looked for.
    if (known) known.lastMs = nowMs;
    // A layout has all of them in its text.
    const names = measurement.length + tagsText.length + fieldsText.length;
    const full = this.#problemOfRoom(measurement, known === undefined, fields.length, names, nowMs);
    if (full) return full;
    const set = known ?? this.#newTagSet(measurement, tagsText, nowMs);
    const made = buildLayout([{ measurement, tags, fields }]);
    set.layouts.set(fieldsText, made);
    set.series += fields.length;
    set.names += names;
    this.#series += fields.length;
    this.#names += names;
    return { set, layout: made };
  }

  #newTagSet(measurement: string, tagsText: string, nowMs: number): TagSet {
    const set: TagSet = { layouts: new Map(), lastMs: nowMs, series: 0, names: 0 };
    const sets = this.#measurements.get(measurement) ?? new Map<string, TagSet>();
    this.#measurements.set(measurement, sets.set(tagsText, set));
    return set;
  }

  /** '' when there is room, be it after those that were not written for long have gone. */
  #problemOfRoom(
    measurement: string,
    isNewSet: boolean,
    series: number,
    names: number,
    nowMs: number,
  ): string {
    const { tagSets, series: mostSeries, names: mostNames } = this.#limits;
    const problem = () => {
      if (isNewSet && (this.#measurements.get(measurement)?.size ?? 0) >= tagSets)
        return `measurement "${measurement}" has more than ${tagSets} tag sets`;
      if (this.#series + series > mostSeries || this.#names + names > mostNames)
        return `there are more than ${mostSeries} series, or their names are too long`;
      return '';
    };
    return problem() && this.#expire(nowMs) ? problem() : problem();
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
    if (found) this.generation++;
    else this.#fullMs = nowMs;
    return found;
  }
}

/** '' when there is none. */
function problemOfKey({ measurement, tags }: Key): string {
  if (measurement === '') return 'a measurement without a name';
  if (isOwnMeasurement(measurement)) return `measurement "${measurement}" is the agent's own`;
  const reserved = ['time', '__name__'].find((name) => Object.hasOwn(tags, name));
  return reserved ? `tag "${reserved}" is reserved` : '';
}

function problemOfFields(measurement: string, fields: readonly string[]): string {
  const own = fields.find((field) => isOwnMetric(`${measurement}_${field}`));
  if (own !== undefined) return `metric "${measurement}_${own}" is the agent's own`;
  if (fields.includes('')) return 'a field without a name';
  return fields.includes(recordedField) ? `field "${recordedField}" is reserved` : '';
}
