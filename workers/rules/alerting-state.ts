import type { Alert, AlertCause, AlertingRule, AlertReach, LabelSet } from '../contract/alerts.ts';
import { type InstantVector, Labels, labelsOf } from '../promql/index.ts';
import {
  type AlertIdentity,
  isOtherAlert,
  type Sighting,
  type StepMoment,
  shiftedAlert,
  stepAlert,
} from './alert-step.ts';
import { AlertTexts, type TemplateSurroundings } from './alert-texts.ts';
import { labelsFingerprint } from './fingerprint.ts';
import { LabelOverlap } from './label-overlap.ts';
import type { RuleMoment, RuleOutcome } from './rule-moment.ts';
import type { VectorQuery } from './rule-query.ts';

/** Named in `unknownSources` where the expression finds no series at all. */
export const noDataSource = 'no data';

/** An alert and what the evaluation in progress found of it. */
interface Entry {
  readonly identity: AlertIdentity;
  alert: Alert | undefined;
  next: Alert | undefined;
  /** Times were moved on since it was last told. */
  isMoved: boolean;
  /** The last evaluation that gave a sample for it. */
  turn: number;
  /** Its key in `#bySample`. */
  sampleKey: string;
  /** The sample that the annotations are of. */
  textKey: string;
  value: number;
  annotations: LabelSet;
}

const nothing: RuleOutcome = { samples: 0, changed: [], forgotten: [], recorded: [], ended: [] };

/** A key of no sample. */
const noSample = '\ud801';

/** One alerting rule with its alerts. */
export class AlertingState {
  readonly rule: AlertingRule;
  /** `ruleKey` of the rule. */
  readonly key: string;
  readonly #query: VectorQuery;
  readonly #clear: VectorQuery | undefined;
  readonly #limit: number;
  readonly #texts: AlertTexts;
  /** Labels that are the rule's own. */
  readonly #ownNames: ReadonlySet<string>;
  /** By fingerprint. */
  readonly #entries = new Map<string, Entry>();
  /** By the labels that the expression gives; only where the alert's labels depend on nothing else. */
  readonly #bySample = new Map<string, Entry>();
  #turn = 0;
  /** The time of the last evaluation that succeeded, to which the alerts' own series belong. */
  evaluatedAtMs = Number.NEGATIVE_INFINITY;
  /** Grows whenever its alerts may be others. */
  version = 0;

  /**
   * @param key `ruleKey` of the rule
   * @param limit most alerts of an evaluation; 0 is none
   */
  constructor(
    rule: AlertingRule,
    key: string,
    query: VectorQuery,
    clear: VectorQuery | undefined,
    limit: number,
  ) {
    this.rule = rule;
    this.key = key;
    this.#query = query;
    this.#clear = clear;
    this.#limit = limit;
    this.#texts = new AlertTexts(rule);
    this.#ownNames = new Set([...Object.keys(rule.labels), 'alertname']);
  }

  /** Goes on with an alert of an earlier run, which was evaluated last at that time. */
  keep(alert: Alert, evaluatedAtMs: number): void {
    this.evaluatedAtMs = evaluatedAtMs;
    this.version++;
    const { labels, fingerprint } = alert;
    const entry = this.#added({ rule: this.key, labels, fingerprint });
    entry.alert = alert.rule === this.key ? alert : { ...alert, rule: this.key };
    entry.isMoved = entry.alert !== alert;
  }

  /** Pending and firing ones. */
  *active(): Generator<Alert> {
    for (const { alert } of this.#entries.values()) {
      if (alert !== undefined && alert.state !== 'resolved') yield alert;
    }
  }

  /** Time that is not to count as elapsed for what is pending. */
  shift(ms: number): void {
    this.version++;
    for (const entry of this.#entries.values()) {
      if (entry.alert === undefined) continue;
      const shifted = shiftedAlert(entry.alert, ms);
      entry.isMoved ||= shifted !== entry.alert;
      entry.alert = shifted;
    }
  }

  /** Says why an alert began and whom it touches; undefined when that episode is over. */
  explain(
    id: string,
    fingerprint: string,
    cause: AlertCause | null,
    reach: AlertReach | null,
  ): Alert | undefined {
    const entry = this.#entries.get(fingerprint);
    if (entry?.alert?.id !== id) return undefined;
    entry.alert = { ...entry.alert, cause, reach };
    return entry.alert;
  }

  /** @throws Error when it cannot be evaluated: its alerts stay as they are then */
  evaluate(moment: RuleMoment): RuleOutcome {
    const { noData } = this.rule;
    let hasSeries = noData === 'ok' || noData === null;
    const watch = hasSeries ? undefined : () => (hasSeries = true);
    const vector = this.#query.vector(moment, watch);
    const turn = ++this.#turn;
    this.#see(vector, moment, turn);
    const isBlind = !hasSeries && vector.labels.length === 0;
    if (isBlind && noData === 'alert') this.#seeNothing(moment, turn);
    if (this.#entries.size === 0) return nothing;
    this.#step(moment, turn, isBlind);
    this.evaluatedAtMs = moment.queryMs;
    const { changed, forgotten } = this.#settle(turn);
    this.version++;
    return { samples: vector.labels.length, changed, forgotten, recorded: [], ended: [] };
  }

  /** Finds the alert of each sample. */
  #see({ labels, values }: InstantVector, { surroundings }: RuleMoment, turn: number): void {
    for (let index = 0; index < labels.length; index++) {
      const sample = labels[index]!;
      const value = values[index]!;
      const entry = this.#entryOf(sample, value, surroundings);
      if (entry.turn === turn) {
        throw new Error('vector contains metrics with the same labelset after applying alert labels');
      }
      entry.turn = turn;
      const isSame = entry.textKey === sample.key && Object.is(entry.value, value);
      if (isSame && this.#texts.hasSteadyAnnotations) continue;
      entry.annotations = this.#texts.annotations(sample, value, surroundings);
      entry.textKey = sample.key;
      entry.value = value;
    }
  }

  /** `nova_no_data: alert`: one alert that says that there is nothing. */
  #seeNothing({ surroundings }: RuleMoment, turn: number): void {
    const labels = this.#texts.labels(Labels.none, Number.NaN, surroundings);
    const entry = this.#entryOfLabels(labels);
    entry.turn = turn;
    entry.value = Number.NaN;
    entry.textKey = noSample;
    entry.annotations = {
      ...this.#texts.annotations(Labels.none, Number.NaN, surroundings),
      no_data: 'true',
    };
  }

  #entryOf(sample: Labels, value: number, surroundings: TemplateSurroundings): Entry {
    if (!this.#texts.hasFixedLabels) {
      return this.#entryOfLabels(this.#texts.labels(sample, value, surroundings));
    }
    let entry = this.#bySample.get(sample.key);
    if (entry === undefined) {
      entry = this.#entryOfLabels(this.#texts.labels(sample, value, surroundings));
      this.#bySample.delete(entry.sampleKey);
      entry.sampleKey = sample.key;
      this.#bySample.set(sample.key, entry);
    }
    return entry;
  }

  #entryOfLabels(labels: Labels): Entry {
    const record = labels.toRecord();
    const fingerprint = labelsFingerprint(record);
    return this.#entries.get(fingerprint) ?? this.#added({ rule: this.key, labels: record, fingerprint });
  }

  #added(identity: AlertIdentity): Entry {
    const entry: Entry = {
      identity,
      alert: undefined,
      next: undefined,
      isMoved: false,
      turn: 0,
      sampleKey: noSample,
      textKey: noSample,
      value: Number.NaN,
      annotations: this.rule.annotations,
    };
    this.#entries.set(identity.fingerprint, entry);
    return entry;
  }

  /** Works out what becomes of each alert; nothing counts before all of them are. */
  #step(moment: RuleMoment, turn: number, isBlind: boolean): void {
    const { forMs, keepFiringForMs, clear } = this.rule;
    const { timeMs: nowMs } = moment;
    const calm: StepMoment = { nowMs, forMs, keepFiringForMs, unknownSources: [], isHeld: false };
    let clearing: ((labels: LabelSet) => boolean) | undefined;
    let active = 0;
    for (const entry of this.#entries.values()) {
      const { identity, alert } = entry;
      const sighting: Sighting | undefined = entry.turn === turn ? entry : undefined;
      let step = calm;
      const unknownSources = this.#unknownSources(entry, sighting, moment, isBlind);
      if (unknownSources.length > 0) step = { ...calm, unknownSources };
      else if (clear !== null && sighting === undefined && alert?.state === 'firing') {
        clearing ??= this.#holding(moment);
        step = { ...calm, isHeld: clearing(identity.labels) };
      }
      entry.next = stepAlert(identity, alert, sighting, step);
      if (entry.next !== undefined && entry.next.state !== 'resolved') active++;
    }
    if (this.#limit > 0 && active > this.#limit) {
      throw new Error(`exceeded limit of ${this.#limit} with ${active} alerts`);
    }
  }

  #unknownSources(
    { identity: { labels }, textKey }: Entry,
    sighting: Sighting | undefined,
    { downSourcesOf }: RuleMoment,
    isBlind: boolean,
  ): readonly string[] {
    const { noData } = this.rule;
    if (noData === 'ok') return [];
    // That there is nothing is known.
    if (noData === 'alert' && isBlind && sighting !== undefined && textKey === noSample) return [];
    const down = downSourcesOf(labels);
    return down.length === 0 && isBlind && noData === 'keep' ? [noDataSource] : down;
  }

  /**
   * Which alerts the clear expression does not let go: it has no sample with their labels, though there are series that
   * it could be of.
   */
  #holding(moment: RuleMoment): (labels: LabelSet) => boolean {
    const live: Labels[] = [];
    const vector = this.#clear!.vector(moment, (labels) => live.push(labelsOf(labels)));
    const series = new LabelOverlap(live);
    const cleared = new LabelOverlap(vector.labels);
    return (labels) => series.fits(labels, this.#ownNames) && !cleared.fits(labels, this.#ownNames);
  }

  #settle(turn: number): Pick<RuleOutcome, 'changed' | 'forgotten'> {
    const changed: Alert[] = [];
    const forgotten: string[] = [];
    for (const entry of this.#entries.values()) {
      const { alert, next, identity } = entry;
      if (next !== undefined && (entry.isMoved || isOtherAlert(alert, next))) changed.push(next);
      if (alert?.state === 'pending' && next?.id !== alert.id) forgotten.push(alert.id);
      entry.alert = next;
      entry.isMoved = false;
      if (next !== undefined || entry.turn === turn) continue;
      this.#entries.delete(identity.fingerprint);
      this.#bySample.delete(entry.sampleKey);
    }
    return { changed, forgotten };
  }
}
