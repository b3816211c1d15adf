import type { ValueType } from '../nodes.ts';
import * as arithmetic from './arithmetic.ts';
import * as dates from './dates.ts';
import type { PromqlFunction, WindowFunction } from './function.ts';
import * as histograms from './histograms.ts';
import { info } from './info.ts';
import * as labelling from './labelling.ts';
import * as overTime from './over-time.ts';
import * as presence from './presence.ts';
import * as rates from './rates.ts';
import * as sorting from './sorting.ts';
import * as trends from './trends.ts';

type Run = (PromqlFunction & { kind: 'call' })['run'];

/** Vector to vector. */
function vectorFunction(run: Run, ...more: ValueType[]): PromqlFunction {
  return { kind: 'call', args: ['vector', ...more], returns: 'vector', run };
}

function numberFunction(calculate: (value: number) => number): PromqlFunction {
  return vectorFunction(arithmetic.elementwise(calculate));
}

function dateFunction(run: Run): PromqlFunction {
  return { kind: 'call', args: ['vector'], variadic: 1, returns: 'vector', run };
}

function scalarFunction(run: Run, ...args: ValueType[]): PromqlFunction {
  return { kind: 'call', args, returns: 'scalar', run };
}

function rangeFunction(run: WindowFunction, ...more: ValueType[]): PromqlFunction {
  return { kind: 'window', args: ['matrix', ...more], returns: 'vector', run };
}

/** Gives samples as they are, which keep their names. */
function sampleFunction(run: WindowFunction): PromqlFunction {
  return { kind: 'window', args: ['matrix'], returns: 'vector', run, keepsName: true };
}

function scalarsThenVector(run: Run, scalars: number): PromqlFunction {
  const args: ValueType[] = [...new Array<ValueType>(scalars).fill('scalar'), 'vector'];
  return { kind: 'call', args, returns: 'vector', run };
}

const labelStrings: ValueType[] = ['string', 'string', 'string'];

/** Every function of Prometheus 3.14, the experimental ones too. */
const functions = new Map<string, PromqlFunction>([
  ['abs', numberFunction(Math.abs)],
  ['absent', vectorFunction(presence.absent)],
  ['absent_over_time', rangeFunction(overTime.presentOverTime)],
  ['acos', numberFunction(Math.acos)],
  ['acosh', numberFunction(Math.acosh)],
  ['asin', numberFunction(Math.asin)],
  ['asinh', numberFunction(Math.asinh)],
  ['atan', numberFunction(Math.atan)],
  ['atanh', numberFunction(Math.atanh)],
  ['avg_over_time', rangeFunction(overTime.avgOverTime)],
  ['ceil', numberFunction(Math.ceil)],
  ['changes', rangeFunction(rates.changes)],
  ['clamp', vectorFunction(arithmetic.clamp, 'scalar', 'scalar')],
  ['clamp_max', vectorFunction(arithmetic.clampMax, 'scalar')],
  ['clamp_min', vectorFunction(arithmetic.clampMin, 'scalar')],
  ['cos', numberFunction(Math.cos)],
  ['cosh', numberFunction(Math.cosh)],
  ['count_over_time', rangeFunction(overTime.countOverTime)],
  ['day_of_month', dateFunction(dates.dayOfMonth)],
  ['day_of_week', dateFunction(dates.dayOfWeek)],
  ['day_of_year', dateFunction(dates.dayOfYear)],
  ['days_in_month', dateFunction(dates.daysInMonth)],
  ['deg', vectorFunction(arithmetic.degrees)],
  ['delta', rangeFunction(rates.delta)],
  ['deriv', rangeFunction(trends.deriv)],
  ['double_exponential_smoothing', rangeFunction(trends.doubleExponentialSmoothing, 'scalar', 'scalar')],
  ['end', scalarFunction(presence.queryEnd)],
  ['exp', numberFunction(Math.exp)],
  ['first_over_time', sampleFunction(overTime.firstOverTime)],
  ['floor', numberFunction(Math.floor)],
  ['histogram_avg', vectorFunction(arithmetic.ofNoFloat)],
  ['histogram_count', vectorFunction(arithmetic.ofNoFloat)],
  ['histogram_fraction', scalarsThenVector(histograms.histogramFraction, 2)],
  ['histogram_quantile', scalarsThenVector(histograms.histogramQuantile, 1)],
  [
    'histogram_quantiles',
    { ...vectorFunction(histograms.histogramQuantiles, 'string', 'scalar', 'scalar'), variadic: 9 },
  ],
  ['histogram_stddev', vectorFunction(arithmetic.ofNoFloat)],
  ['histogram_stdvar', vectorFunction(arithmetic.ofNoFloat)],
  ['histogram_sum', vectorFunction(arithmetic.ofNoFloat)],
  ['hour', dateFunction(dates.hour)],
  ['idelta', rangeFunction(rates.idelta)],
  ['increase', rangeFunction(rates.increase)],
  ['info', { ...vectorFunction(info, 'vector'), variadic: 1 }],
  ['irate', rangeFunction(rates.irate)],
  ['label_join', { ...vectorFunction(labelling.labelJoin, ...labelStrings), variadic: -1 }],
  ['label_replace', vectorFunction(labelling.labelReplace, ...labelStrings, 'string')],
  ['last_over_time', sampleFunction(overTime.lastOverTime)],
  ['ln', numberFunction(Math.log)],
  ['log10', numberFunction(Math.log10)],
  ['log2', numberFunction(Math.log2)],
  ['mad_over_time', rangeFunction(overTime.madOverTime)],
  ['max_of', scalarFunction(arithmetic.maxOfTwo, 'scalar', 'scalar')],
  ['max_over_time', rangeFunction(overTime.maxOverTime)],
  ['min_of', scalarFunction(arithmetic.minOfTwo, 'scalar', 'scalar')],
  ['min_over_time', rangeFunction(overTime.minOverTime)],
  ['minute', dateFunction(dates.minute)],
  ['month', dateFunction(dates.month)],
  ['pi', scalarFunction(presence.pi)],
  ['predict_linear', rangeFunction(trends.predictLinear, 'scalar')],
  ['present_over_time', rangeFunction(overTime.presentOverTime)],
  ['quantile_over_time', { ...rangeFunction(overTime.quantileOverTime), args: ['scalar', 'matrix'] }],
  ['rad', vectorFunction(arithmetic.radians)],
  ['range', scalarFunction(presence.queryRange)],
  ['rate', rangeFunction(rates.rate)],
  ['resets', rangeFunction(rates.resets)],
  ['round', { ...vectorFunction(arithmetic.round, 'scalar'), variadic: 1 }],
  ['scalar', scalarFunction(presence.scalar, 'vector')],
  ['sgn', vectorFunction(arithmetic.signum)],
  ['sin', numberFunction(Math.sin)],
  ['sinh', numberFunction(Math.sinh)],
  ['sort', vectorFunction(sorting.sort)],
  ['sort_by_label', { ...vectorFunction(sorting.sortByLabel, 'string'), variadic: -1 }],
  ['sort_by_label_desc', { ...vectorFunction(sorting.sortByLabelDesc, 'string'), variadic: -1 }],
  ['sort_desc', vectorFunction(sorting.sortDesc)],
  ['sqrt', numberFunction(Math.sqrt)],
  ['start', scalarFunction(presence.queryStart)],
  ['start_timestamp', vectorFunction(arithmetic.ofNoFloat)],
  ['stddev_over_time', rangeFunction(overTime.stddevOverTime)],
  ['stdvar_over_time', rangeFunction(overTime.stdvarOverTime)],
  ['step', scalarFunction(presence.queryStep)],
  ['sum_over_time', rangeFunction(overTime.sumOverTime)],
  ['tan', numberFunction(Math.tan)],
  ['tanh', numberFunction(Math.tanh)],
  ['time', scalarFunction(presence.time)],
  ['timestamp', vectorFunction(presence.timestamp)],
  ['ts_of_first_over_time', rangeFunction(overTime.tsOfFirstOverTime)],
  ['ts_of_last_over_time', rangeFunction(overTime.tsOfLastOverTime)],
  ['ts_of_max_over_time', rangeFunction(overTime.tsOfMaxOverTime)],
  ['ts_of_min_over_time', rangeFunction(overTime.tsOfMinOverTime)],
  ['vector', { ...scalarFunction(presence.vector, 'scalar'), returns: 'vector' }],
  ['year', dateFunction(dates.year)],
]);

export function functionNamed(name: string): PromqlFunction | undefined {
  return functions.get(name);
}

/** Names in the order of the alphabet. */
export function functionNames(): string[] {
  return [...functions.keys()];
}
