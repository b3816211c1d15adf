import { parseLayout } from '../../../workers/point/point.ts';
import type { Sample } from '../../../workers/probes/sample.ts';

/** Value of a field of the first point of a source; throws when the source has no reading or no such field. */
export function field(sample: Sample, source: string, name: string): number {
  const reading = sample.readings.find((one) => one.source === source);
  if (!reading) throw new Error(`${source} has no reading: ${JSON.stringify(sample.sources)}`);
  const at = parseLayout(reading.layout, {}).points[0]!.fields.indexOf(name);
  if (at < 0) throw new Error(`${source} has no field ${name}`);
  return reading.values[at]!;
}
