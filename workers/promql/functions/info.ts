import { type Frame, FrameBuilder } from '../frame.ts';
import type { Labels } from '../labels.ts';
import { labelTest } from '../matcher.ts';
import { uniqueRows } from '../naming.ts';
import { type Expr, type Matcher, unwrapped, type VectorSelector } from '../nodes.ts';
import { instantSamples } from '../selector.ts';
import { type FunctionCall, frameArg } from './function.ts';

/** Which info series belongs to a series; Prometheus knows no others yet (promql/info.go). */
const identifyingLabels = ['instance', 'job'];

const targetInfo: Matcher = { name: '__name__', op: '=', value: 'target_info' };
const anyInfo: Matcher = { name: '__name__', op: '=~', value: '.+_info' };

/** `info(vector [, {matchers}])`: adds the labels of the info metrics with the same instance and job. */
export function info(call: FunctionCall): Frame {
  const base = frameArg(call, 0);
  const argument = call.expr.args[1];
  const matchers = argument === undefined ? [targetInfo] : (unwrapped(argument) as VectorSelector).matchers;
  const nameMatchers = effectiveNameMatchers(matchers.filter(({ name }) => name === '__name__'));
  const dataMatchers = matchers.filter(({ name }) => name !== '__name__');
  const nameTests = nameMatchers.map((matcher) => labelTest(matcher));
  const isInfo = base.labels.map((own) => nameTests.every((test) => test(own.get('__name__'))));
  const infos = infoSeries(call, base, isInfo, [...nameMatchers, ...dataMatchers]);
  return new Enrichment(call, base, infos, dataMatchers).frame(isInfo);
}

/** Negative conditions alone would select everything. */
function effectiveNameMatchers(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.length === 0) return [targetInfo];
  return matchers.some(({ op }) => op === '=' || op === '=~') ? matchers : [anyInfo, ...matchers];
}

interface InfoSeries {
  readonly labels: Labels;
  /** Times of the samples that count at each step, NaN where there is none. */
  readonly timesMs: Float64Array;
}

function infoSeries(call: FunctionCall, base: Frame, isInfo: boolean[], matchers: Matcher[]): InfoSeries[] {
  const { evaluation, grid, expr } = call;
  const wanted = identifyingLabels.map((name) => ({
    name,
    values: new Set(base.labels.filter((_, row) => !isInfo[row]).map((own) => own.get(name))),
  }));
  for (const { values } of wanted) values.delete('');
  const known = wanted.filter(({ values }) => values.size > 0);
  if (known.length === 0) return [];
  const identity = known.map(({ name, values }): Matcher => {
    const value = [...values].map((text) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')).join('|');
    return { name, op: '=~', value };
  });
  const selector = firstSelector(expr.args[0]!);
  const offsetMs = selector === undefined ? 0 : evaluation.offsetMs(selector);
  const fixedMs = selector === undefined ? undefined : evaluation.fixedTimeMs(selector);
  const startMs = (fixedMs ?? grid.startMs) - evaluation.lookbackMs + 1 - offsetMs;
  const endMs = (fixedMs ?? grid.startMs + (grid.steps - 1) * grid.stepMs) - offsetMs;
  return evaluation.series([...identity, ...matchers], startMs, endMs, expr.span).map((series) => ({
    labels: series.labels,
    timesMs: instantSamples(series, grid, evaluation.lookbackMs, (index) => series.timestampsMs[index]!),
  }));
}

function firstSelector(expr: Expr): VectorSelector | undefined {
  switch (expr.kind) {
    case 'selector':
      return expr;
    case 'matrix':
      return expr.selector;
    case 'number':
    case 'string':
      return undefined;
    case 'binary':
      return firstSelector(expr.left) ?? firstSelector(expr.right);
    case 'call':
      return expr.args.map(firstSelector).find((found) => found !== undefined);
    default:
      return firstSelector(expr.expr);
  }
}

class Enrichment {
  readonly #call: FunctionCall;
  readonly #base: Frame;
  readonly #infos = new Map<string, Map<string, InfoSeries[]>>();
  readonly #dataNames: ReadonlySet<string>;
  readonly #needsInfo: boolean;

  constructor(
    call: FunctionCall,
    base: Frame,
    infos: readonly InfoSeries[],
    dataMatchers: readonly Matcher[],
  ) {
    this.#call = call;
    this.#base = base;
    this.#dataNames = new Set(dataMatchers.map(({ name }) => name));
    this.#needsInfo = dataMatchers.some((matcher) => !labelTest(matcher)(''));
    for (const one of infos) {
      const name = one.labels.get('__name__');
      const bySignature = this.#infos.get(name) ?? new Map<string, InfoSeries[]>();
      const signature = signatureOf(one.labels);
      bySignature.set(signature, [...(bySignature.get(signature) ?? []), one]);
      this.#infos.set(name, bySignature);
    }
  }

  frame(isInfo: readonly boolean[]): Frame {
    const { steps, labels, values, present } = this.#base;
    const { evaluation, expr } = this.#call;
    const builder = new FrameBuilder(steps, labels.length, (count) => evaluation.touch(count, expr.span));
    const rows = new Map<string, number>();
    labels.forEach((own, row) => {
      for (let step = 0; step < steps; step++) {
        const from = row * steps + step;
        if (present[from] !== 1) continue;
        const enriched = isInfo[row] ? own.unmarked : this.#enriched(own, step);
        if (enriched === undefined) continue;
        const key = `${row} ${enriched.key}`;
        const at = rows.get(key) ?? builder.add(enriched);
        rows.set(key, at);
        builder.values[at + step] = values[from]!;
        builder.present[at + step] = 1;
      }
    });
    return uniqueRows(this.#call.evaluation, builder.frame(), this.#call.expr.span);
  }

  #enriched(own: Labels, step: number): Labels | undefined {
    const signature = signatureOf(own);
    const added = new Map<string, string>();
    let isMatched = false;
    for (const bySignature of this.#infos.values()) {
      const match = this.#newest(bySignature.get(signature) ?? [], step);
      if (match === undefined) continue;
      isMatched = true;
      this.#addLabels(own, match, added);
    }
    if (!isMatched && this.#needsInfo) return undefined;
    let result = own.unmarked;
    for (const [name, value] of added) result = result.with(name, value);
    return result;
  }

  #newest(candidates: readonly InfoSeries[], step: number): Labels | undefined {
    let newest: InfoSeries | undefined;
    for (const candidate of candidates) {
      const timeMs = candidate.timesMs[step]!;
      const known = newest?.timesMs[step] ?? Number.NEGATIVE_INFINITY;
      if (timeMs === known) {
        const names = `existing ${newest!.labels} @ ${known}, new ${candidate.labels} @ ${timeMs}`;
        this.#fail(`found duplicate series for info metric: ${names}`);
      }
      if (timeMs > known) newest = candidate;
    }
    return newest?.labels;
  }

  #addLabels(own: Labels, match: Labels, added: Map<string, string>): void {
    for (let index = 0; index < match.pairs.length; index += 2) {
      const name = match.pairs[index]!;
      const value = match.pairs[index + 1]!;
      if (name === '__name__' || (this.#dataNames.size > 0 && !this.#dataNames.has(name))) continue;
      const known = added.get(name);
      if (known !== undefined && known !== value) this.#fail(`conflicting label: ${name}`);
      if (own.get(name) === '') added.set(name, value);
    }
  }

  #fail(reason: string): never {
    return this.#call.evaluation.fail(reason, this.#call.expr.span);
  }
}

function signatureOf(labels: Labels): string {
  return labels.filter((name) => identifyingLabels.includes(name)).key;
}
