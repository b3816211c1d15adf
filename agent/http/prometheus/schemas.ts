import type { Schema } from '../schema-check.ts';
import { listOf, mapOf, objectOf, text, textOf } from '../schemas.ts';

/** For the OpenAPI document: requests are read as Prometheus reads them, by `Form`. */

const time = (description: string) =>
  textOf(`${description} Unix seconds or RFC 3339.`, { examples: ['1735689600.5', '2025-01-01T00:00:00Z'] });
const expr = textOf('PromQL.', { examples: ['sum by (route) (rate(http_requests_total[5m]))'] });
const timeout = textOf('The query may take so long, at most 10s: seconds or a duration.');
const limit = textOf('At most so many; what is cut off is said in `warnings`.');
const lookback = textOf('How far back a series still counts [5m].');
const matches = {
  type: 'array',
  items: text,
  description: 'Selectors, such as `http_requests_total{route="/a"}`; several are alternatives.',
} as const;
const start = time('Series that had samples since.');
const end = time('Not used: series are told that began later too.');

const failed = objectOf({ status: { const: 'error' }, errorType: text, error: text });
const succeeded = (data: Schema) =>
  objectOf({ status: { const: 'success' }, data, warnings: listOf(text) }, ['warnings']);

function schemaOf(summary: string, properties: object, required: readonly string[], data: Schema) {
  return {
    summary,
    tags: ['prometheus'],
    querystring: {
      type: 'object',
      properties,
      additionalProperties: true,
      ...(required.length > 0 && { required }),
    },
    response: { 200: succeeded(data), 400: failed, 422: failed, 503: failed },
  };
}

const labels = mapOf(text);
const result = objectOf({
  resultType: { enum: ['scalar', 'string', 'vector', 'matrix'] },
  result: listOf({}),
});

export const query = schemaOf(
  'The value of an expression at one time; by POST with a form too',
  { query: expr, time: time('Now unless told.'), timeout, lookback_delta: lookback, limit },
  ['query'],
  result,
);
export const queryRange = schemaOf(
  'The values of an expression over a range; by POST with a form too',
  {
    query: expr,
    start: time('First value.'),
    end: time('No value after it.'),
    step: textOf('Time between values, at most 11,000 of them: seconds or a duration.', {
      examples: ['15s'],
    }),
    ...{ timeout, lookback_delta: lookback, limit },
  },
  ['query', 'start', 'end', 'step'],
  result,
);
const listed = { 'match[]': matches, start, end, limit };
const labelNames = schemaOf('Names of labels; by POST with a form too', listed, [], listOf(text));

export { labelNames as labels };
export const labelValues = {
  ...schemaOf('Values of a label', listed, [], listOf(text)),
  params: { type: 'object', properties: { name: textOf('Name of the label.') } },
};
export const series = schemaOf(
  'Labels of the series that fit; by POST with a form too',
  listed,
  ['match[]'],
  listOf(labels),
);
export const metadata = schemaOf(
  'Type, unit and help of metrics',
  { metric: textOf('Only of this one.'), limit },
  [],
  mapOf(listOf(objectOf({ type: text, unit: text, help: text }))),
);
export const rules = schemaOf(
  'Rules with their alerts, as evaluated last',
  { type: { enum: ['alert', 'record'], description: 'Rules of this kind only.' } },
  [],
  objectOf({
    groups: listOf(
      objectOf({
        name: text,
        file: text,
        rules: listOf(objectOf({ name: text, query: text, health: text })),
      }),
    ),
  }),
);
export const alerts = schemaOf(
  'Pending and firing alerts',
  {},
  [],
  objectOf({ alerts: listOf(objectOf({ labels, annotations: labels, state: text, value: text })) }),
);
export const exemplars = schemaOf('Always empty', {}, [], listOf({}));
export const buildInfo = schemaOf('Which Prometheus it is like', {}, [], objectOf({ version: text }));

export const metrics = {
  summary: 'Newest values of all series and histograms of durations, in the text that Prometheus scrapes',
  tags: ['prometheus'],
  response: {
    200: {
      content: {
        'application/openmetrics-text': { schema: text },
        'text/plain': { schema: text },
      },
    },
    503: objectOf({ success: { const: false }, message: text }),
  },
};
