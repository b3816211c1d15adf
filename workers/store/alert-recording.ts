import type { AlertRecording, LabelSet } from '../contract/alerts.ts';
import { ByteReader, BytesError, ByteWriter } from '../sketch/bytes.ts';
import { decodeJson, encodeJson } from './alert-rows.ts';
import { readPacked, writePacked } from './packed.ts';
import { readDifferences, readValues, scaleOf, writeDifferences, writeValues } from './value-codec.ts';

/** Many times what a series has in ten minutes: a larger number is damage, not a reason to allocate. */
const mostSamples = 1_000_000;

interface Header {
  readonly fromMs: number;
  readonly toMs: number;
  readonly labels: readonly LabelSet[];
}

const rows = new ByteWriter();
const packed = new ByteWriter();

/**
 * A recording as a row has it, packed: length and JSON of the header, then for each series the number of samples,
 * their times from `fromMs` on as second differences, and their values. Times are whole milliseconds.
 */
export function encodeRecording({ fromMs, toMs, series }: AlertRecording): Uint8Array {
  const header: Header = { fromMs, toMs, labels: series.map(({ labels }) => labels) };
  const head = encodeJson(header);
  rows.clear();
  rows.varint(head.length);
  rows.append(head);
  for (const { timestampsMs, values } of series) {
    const count = values.length;
    rows.varint(count);
    writeDifferences(
      rows,
      Float64Array.from(timestampsMs, (timeMs) => Math.round(timeMs - fromMs)),
      count,
      2,
    );
    const numbers = Float64Array.from(values);
    if (count > 0) writeValues(rows, numbers, count, scaleOf(numbers, count));
  }
  packed.clear();
  writePacked(packed, rows.view());
  return packed.copy();
}

/** undefined when it cannot be read. */
export function decodeRecording(alertId: string, bytes: Uint8Array): AlertRecording | undefined {
  try {
    const reader = new ByteReader(readPacked(new ByteReader(bytes)));
    const header = decodeJson<Header>(reader.take(reader.varint()));
    if (!header) return undefined;
    const { fromMs, toMs, labels } = header;
    return { alertId, fromMs, toMs, series: labels.map((one) => readSeries(reader, one, fromMs)) };
  } catch {
    return undefined;
  }
}

function readSeries(reader: ByteReader, labels: LabelSet, fromMs: number): AlertRecording['series'][number] {
  const count = reader.varint();
  if (count > mostSamples) throw new BytesError(`${count} samples`);
  const timestampsMs = new Float64Array(count);
  const values = new Float64Array(count);
  readDifferences(reader, timestampsMs, count, 2, 1, fromMs);
  if (count > 0) readValues(reader, values, count);
  return { labels, timestampsMs: [...timestampsMs], values: [...values] };
}
