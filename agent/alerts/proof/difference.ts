import type { LabelSet } from '../../../workers/contract/alerts.ts';
import { Labels } from '../../../workers/promql/index.ts';

export interface ShownAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
}

export interface ShownSample {
  readonly labels: Labels;
  readonly value: number;
}

/** What is other than expected of the alerts that fire, in any order, in words; null when all is as expected. */
export function alertDifference(expected: readonly ShownAlert[], got: readonly ShownAlert[]): string | null {
  const wanted = sorted(expected.map(keyed));
  const found = sorted(got.map(keyed));
  if (wanted.length === found.length && wanted.every((one, i) => one.key === found[i]!.key)) return null;
  const lines = [...shownAlerts('exp', wanted), ...shownAlerts('got', found)];
  // The same labels once in each: what differs is an annotation.
  for (const one of wanted) {
    const other = found.find(({ labels }) => labels.key === one.labels.key);
    if (other) lines.push(...annotationDifferences(one, other));
  }
  return lines.join('\n');
}

/**
 * What is other than expected of the samples of an expression, in any order; null when all is as expected. NaN is as
 * expected where NaN is.
 *
 * @param isFuzzy takes the next float above or below for the same
 */
export function samplesDifference(
  expected: readonly ShownSample[],
  got: readonly ShownSample[],
  isFuzzy: boolean,
): string | null {
  const wanted = sorted(expected.map(keyedSample));
  const found = sorted(got.map(keyedSample));
  const isSame =
    wanted.length === found.length &&
    wanted.every(
      ({ key, value }, i) => key === found[i]!.key && isSameValue(value, found[i]!.value, isFuzzy),
    );
  if (isSame) return null;
  const line = (what: string, samples: readonly ShownSample[]) =>
    `        ${what}: ${samples.map(({ labels, value }) => `${sampleText(labels)} ${value}`).join(', ') || 'nil'}`;
  return [line('exp', wanted), line('got', found)].join('\n');
}

interface Keyed {
  readonly key: string;
  readonly labels: Labels;
  readonly annotations: Labels;
}

function keyed({ labels: own, annotations: texts }: ShownAlert): Keyed {
  const labels = Labels.of(own);
  const annotations = Labels.of(texts);
  return { key: JSON.stringify([labels.key, annotations.key]), labels, annotations };
}

function keyedSample(sample: ShownSample): ShownSample & { readonly key: string } {
  return { ...sample, key: sample.labels.key };
}

function sorted<T extends { readonly key: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function shownAlerts(what: string, alerts: readonly Keyed[]): string[] {
  if (alerts.length === 0) return [`        ${what}:[]`];
  return [
    `        ${what}:[`,
    ...alerts.flatMap(({ labels, annotations }, i) => [
      `            ${i}:`,
      `              Labels:${labels}`,
      `              Annotations:${annotations}`,
    ]),
    '            ]',
  ];
}

function annotationDifferences(wanted: Keyed, found: Keyed): string[] {
  const before = wanted.annotations.toRecord();
  const after = found.annotations.toRecord();
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => before[name] !== after[name])
    .flatMap((name) => [
      `        differs: annotation ${name}`,
      `            exp: ${JSON.stringify(before[name] ?? null)}`,
      `            got: ${JSON.stringify(after[name] ?? null)}`,
    ]);
}

/** `name{label="value"}`. */
function sampleText(labels: Labels): string {
  const name = labels.get('__name__');
  return name === '' ? `${labels}` : `${name}${labels.filter((label) => label !== '__name__')}`;
}

function isSameValue(a: number, b: number, isFuzzy: boolean): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return isFuzzy && Math.abs(a - b) <= spacing(Math.max(Math.abs(a), Math.abs(b)));
}

/** From a positive float to the next one below. */
function spacing(value: number): number {
  if (!Number.isFinite(value) || value === 0) return Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0]! -= 1n;
  return value - new Float64Array(bits.buffer)[0]!;
}
