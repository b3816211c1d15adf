import type { LabelSet } from '../contract/alerts.ts';
import { escapeQuery } from './builtins.ts';
import { durationOf } from './duration.ts';
import { stripDomain, stripPort } from './host-port.ts';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  numberOf,
  timestampMs,
} from './humanize.ts';
import { durationSeconds } from './prometheus-duration.ts';
import { defaultLimits } from './template.ts';
import { textFunctions, titled } from './text-functions.ts';
import { Time } from './time.ts';
import {
  anyTable,
  type Callable,
  compareText,
  type FunctionTable,
  List,
  Struct,
  stringTable,
  type Table,
  type TypeInfo,
  type Value,
} from './value.ts';

/** What the templates of an alerting rule see. */
export interface RuleTemplateContext {
  /** Name of the alert, for error texts. */
  readonly alertName: string;
  /** Labels of the sample, `__name__` included where it has one. */
  readonly labels: LabelSet;
  readonly value: number;
  readonly externalLabels: LabelSet;
  readonly externalUrl: string;
  /** Time of the evaluation, milliseconds since 1970. */
  readonly timeMs: number;
  /** Result of an instant query at that time; may throw. */
  query(expr: string): readonly { readonly labels: LabelSet; readonly value: number }[];
}

const queryResult: TypeInfo = { name: 'template.queryResult' };
const sample: TypeInfo = { name: '*template.sample' };

/** `nil` in place of a sample, in Go's words. */
const noSample = new Error('runtime error: invalid memory address or nil pointer dereference');

function labelOf(sample: Struct | undefined, name: string): string {
  if (sample === undefined) throw noSample;
  return ((sample.fields.get('Labels') as Table).entries.get(name) ?? '') as string;
}

function sampleValue(sample: Struct | undefined): Value {
  if (sample === undefined) throw noSample;
  return sample.fields.get('Value');
}

function firstOf(samples: List | undefined): Value {
  if (samples === undefined || samples.items.length === 0)
    throw new Error('first() called on vector with no elements');
  return samples.items[0];
}

function sortedByLabel(name: string, samples: List | undefined): List {
  const items = [...(samples?.items ?? [])] as Struct[];
  return new List(
    queryResult,
    items.sort((a, b) => compareText(labelOf(a, name), labelOf(b, name))),
  );
}

function graphLink(expr: string, tab: 0 | 1): string {
  return `/graph?g0.expr=${escapeQuery(expr)}&g0.tab=${tab}`;
}

function pathOf(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname).replace(/^\/$/, url.endsWith('/') ? '/' : '');
  } catch {
    return '';
  }
}

const text = (call: (text: string) => Value): Callable => ({ takes: ['string'], call });
const any = (call: (value: Value) => Value): Callable => ({ takes: ['interface {}'], call });

/** The functions of Prometheus' templates (template/template.go); `context` is asked for when one is called. */
export function ruleFunctions(context: () => RuleTemplateContext): FunctionTable {
  const query = (expr: string): List => {
    const samples = context().query(expr);
    return new List(
      queryResult,
      samples.map(({ labels, value }) => {
        return new Struct(
          sample,
          new Map<string, Value>([...([['Labels', stringTable(labels)]] as const), ['Value', value]]),
        );
      }),
    );
  };
  return new Map<string, Callable>([
    ...textFunctions(defaultLimits.maxTextLength),
    ['query', text(query)],
    ['first', { takes: ['template.queryResult'], call: firstOf }],
    [
      'label',
      {
        takes: ['string', '*template.sample'],
        call: (name: string, of: Struct | undefined) => labelOf(of, name),
      },
    ],
    ['value', { takes: ['*template.sample'], call: (of: Struct | undefined) => sampleValue(of) }],
    ['strvalue', { takes: ['*template.sample'], call: (of: Struct | undefined) => labelOf(of, '__value__') }],
    ['sortByLabel', { takes: ['string', 'template.queryResult'], call: sortedByLabel }],
    [
      'args',
      {
        takes: [],
        rest: 'interface {}',
        call: (...values: Value[]) => anyTable(new Map(values.map((value, index) => [`arg${index}`, value]))),
      },
    ],
    ['title', text((value) => titled(value, true))],
    ['graphLink', text((expr) => graphLink(expr, 0))],
    ['tableLink', text((expr) => graphLink(expr, 1))],
    ['stripPort', text(stripPort)],
    ['stripDomain', text(stripDomain)],
    ['humanize', any(humanize)],
    ['humanize1024', any(humanize1024)],
    ['humanizeDuration', any(humanizeDuration)],
    ['humanizePercentage', any(humanizePercentage)],
    ['humanizeTimestamp', any(humanizeTimestamp)],
    ['toTime', any((value) => new Time(timestampMs(numberOf(value)), 'UTC', true))],
    ['toDuration', any((value) => durationOf(BigInt(Math.trunc(finite(numberOf(value)) * 1e9)), true))],
    ['now', { takes: [], call: () => context().timeMs / 1000 }],
    ['pathPrefix', { takes: [], call: () => pathOf(context().externalUrl) }],
    ['externalURL', { takes: [], call: () => context().externalUrl }],
    ['parseDuration', text(durationSeconds)],
    ['urlQueryEscape', text(escapeQuery)],
  ]);
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new Error('value is NaN or Inf');
  return value;
}
