import { catalogue } from './catalogue.ts';

/** The field that rules record to: the measurement alone is the metric's name. */
export const recordedField = 'recorded';

const ownMetrics: ReadonlySet<string> = new Set(
  Object.entries(catalogue).flatMap(([measurement, { fields }]) =>
    Object.keys(fields).map((field) => `${measurement}_${field}`),
  ),
);

/** True for a metric that the agent itself emits, but for what rules record. */
export function isOwnMetric(name: string): boolean {
  return ownMetrics.has(name);
}

/** True for a measurement that the agent itself emits. */
export function isOwnMeasurement(measurement: string): boolean {
  return Object.hasOwn(catalogue, measurement);
}
