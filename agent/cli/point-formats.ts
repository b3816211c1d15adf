import { LineWriter } from '../../workers/point/line-protocol.ts';
import { buildLayout } from '../../workers/point/point.ts';
import type { StoredPoint } from '../../workers/store/reader.ts';

export type PointFormat = 'lp' | 'csv' | 'jsonl';

interface PointWriter {
  readonly header: string;
  format(point: StoredPoint): string;
}

/** Writes points one by one; every text ends with its line break. */
export function pointWriter(format: PointFormat, measurementPrefix: string): PointWriter {
  if (format === 'csv') return { header: 'time,measurement,tags,field,value\n', format: csvRows };
  if (format === 'jsonl') return { header: '', format: jsonLine };
  return { header: '', format: (point) => line(point, measurementPrefix) };
}

function line({ measurement, tags, fields, values, timeMs }: StoredPoint, prefix: string): string {
  const layout = buildLayout([{ measurement, tags, fields }]);
  return new LineWriter(layout, prefix).line(0, values, timeMs);
}

/** RFC 4180, one row a value; tags as JSON. */
function csvRows({ measurement, tags, fields, values, timeMs }: StoredPoint): string {
  const head = `${new Date(timeMs).toISOString()},${csvCell(measurement)},${csvCell(JSON.stringify(tags))}`;
  let rows = '';
  fields.forEach((field, i) => {
    if (Number.isFinite(values[i])) rows += `${head},${csvCell(field)},${values[i]}\n`;
  });
  return rows;
}

function jsonLine({ measurement, tags, fields, values, timeMs }: StoredPoint): string {
  const known = fields
    .map((field, i) => [field, values[i]] as const)
    .filter(([, value]) => Number.isFinite(value));
  return `${JSON.stringify({ time: new Date(timeMs).toISOString(), measurement, tags, fields: Object.fromEntries(known) })}\n`;
}

/** RFC 4180. */
export function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
