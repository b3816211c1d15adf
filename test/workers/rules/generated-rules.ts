import type { Rule } from '../../../workers/contract/alerts.ts';
import { alerting, type RulesAtWork, recording } from './rules-at-work.ts';

/**
 * Evaluations and samples every 17 s: a look-back of 5 minutes and the ranges below never end exactly at a sample, where
 * Prometheus 2.42 and 3 differ.
 */
export const stepMs = 17_000;
export const steps = 90;
export interface InputSeries {
  readonly labels: Record<string, string>;
  /** A number, `_` for none, `stale` for an end. */
  readonly values: readonly (number | '_' | 'stale')[];
}

/** Rules with the samples that they are evaluated over. */
export interface GeneratedRules {
  readonly series: readonly InputSeries[];
  readonly rules: readonly Rule[];
}

/** Mulberry32: the same numbers for a seed on each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rules over series that flap, pause and end: always the same for a seed. */
export function generatedRules(seed: number): GeneratedRules {
  const random = randomFrom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const one = <T>(all: readonly T[]): T => all[below(all.length)]!;
  const series = ['x', 'y', 'z'].flatMap((a) =>
    ['1', '2'].map((b): InputSeries => ({ labels: { __name__: 'm', a, b }, values: flapping() })),
  );
  series.push({ labels: { __name__: 'other', a: 'x' }, values: flapping() });

  function flapping(): (number | '_' | 'stale')[] {
    const values: (number | '_' | 'stale')[] = [];
    while (values.length <= steps) {
      const length = 1 + below(one([3, 8, 25]));
      const kind = one(['steady', 'steady', 'wild', 'none', 'end']);
      const level = below(10);
      for (let count = 0; count < length && values.length <= steps; count++) {
        if (kind === 'none') values.push('_');
        else if (kind === 'end') values.push(count === 0 ? 'stale' : '_');
        else values.push(kind === 'steady' ? level : below(10));
      }
    }
    return values;
  }

  const expressions = [
    () => `m > ${below(10)}`,
    () => `m{a="${one(['x', 'y'])}"} > ${below(10)}`,
    () => `m{b=~"1|2",a!="x"} <= ${below(10)}`,
    () => `sum by (a) (m) > ${below(20)}`,
    () => `max without (b) (m) - on (a) group_left () max by (a) (m offset 34s) > ${below(4)}`,
    () => `sum_over_time(m[40s]) > ${below(10)}`,
    () => `m > ${below(10)} and on (a) other < ${below(10)}`,
    () => `m unless on (a) other > ${below(10)}`,
    () => `absent(m{a="x",b="1"})`,
    () => `absent(other)`,
    () => `rec_sum > ${below(20)}`,
    () => `max_over_time(rec_sum[60s]) > ${below(20)}`,
    () => `count by (a) (ALERTS{alertstate="${one(['pending', 'firing'])}"}) > ${below(3)}`,
    () => `count by (a) ({__name__=~"rec_.*|m"}) > ${below(5)}`,
    () => `max by (a, b) (time() - ALERTS_FOR_STATE{alertname!~"A1."}) > ${below(60)}`,
    () => `vector(${below(3)}) > 1`,
    () => `sum(m) > bool ${below(40)} == ${below(2)}`,
  ];
  const rules: Rule[] = [recording('rec_sum', 'sum by (a) (m)', { kind: 'sum' })];
  for (let index = 0; index < 14; index++) {
    const isRecording = index % 5 === 4;
    const expr = one(expressions)();
    if (isRecording) {
      rules.push(recording(`rec_${index}`, expr, random() < 0.5 ? { job: 'j' } : {}));
      continue;
    }
    rules.push(
      alerting(`A${index}`, expr, {
        forMs: one([0, 17, 20, 34, 60, 170]) * 1000,
        keepFiringForMs: one([0, 0, 17, 40, 100]) * 1000,
        labels: one<Record<string, string>>([
          {},
          { severity: 'page', job: 'over' },
          { of: 'of {{ $labels.a }}', empty: '' },
        ]),
        annotations: one<Record<string, string>>([
          {},
          { summary: 'it is so' },
          { summary: '{{ $labels.a }}/{{ $labels.none }} is {{ $value }}' },
        ]),
      }),
    );
  }
  return { series, rules };
}

/** Adds the samples of one step. */
export function addStep(work: RulesAtWork, series: readonly InputSeries[], step: number): void {
  for (const { labels, values } of series) {
    const value = values[step]!;
    if (value !== '_') work.samples.add(labels, step * stepMs, value === 'stale' ? undefined : value);
  }
}
