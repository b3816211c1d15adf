import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import { RingReader } from '../../../workers/ring/ring-reader.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';

const stepMs = 60_000;

/** A ring of 16 rows in which so many were written: row `i` at minute `i` with the value `i`, none every third. */
function written(rows: number): { reader: RingReader; column: number; more: (row: number) => void } {
  const buffers = createRingBuffers(stepMs);
  const writer = new RingWriter(buffers);
  const { columns, layout } = writer.admit(buildLayout([{ measurement: 'm', tags: {}, fields: ['a', 'b'] }]));
  const more = (row: number) => {
    const values = Float64Array.of(0, row % 3 === 2 ? Number.NaN : row);
    writer.write(row * stepMs, [{ columns, section: { layout, values } }]);
  };
  for (let row = 0; row < rows; row++) more(row);
  return { reader: new RingReader(buffers), column: columns[1]!, more };
}

test('rows of a span are copied column by column, gaps as NaN, wherever the ring begins', () => {
  for (const rows of [1, 5, 16, 17, 23, 40]) {
    const { reader, column } = written(rows);
    const kept = Array.from({ length: rows }, (_, row) => row).slice(-16);
    const asked = kept.filter((row) => row >= 3 && row < rows - 1);
    const span = reader.rowsBetween(3 * stepMs, (rows - 2) * stepMs)!;
    assert.deepEqual(
      [...span.timestampsMs],
      asked.map((row) => row * stepMs),
    );
    const values = new Float64Array(asked.length);
    assert.ok(reader.copyRows(column, span, values));
    assert.deepEqual(
      [...values],
      asked.map((row) => (row % 3 === 2 ? Number.NaN : row)),
    );
  }
});

test('rows that were overwritten since are not copied', () => {
  const { reader, column, more } = written(20);
  const rows = reader.rowsBetween(0, 20 * stepMs)!;
  const values = new Float64Array(rows.timestampsMs.length);
  assert.equal(reader.copyRows(column, rows, values), true);
  more(20);
  assert.equal(reader.copyRows(column, rows, values), false);
});

test('a span without rows has none', () => {
  const { reader, column } = written(4);
  const rows = reader.rowsBetween(10 * stepMs, 20 * stepMs)!;
  assert.equal(rows.timestampsMs.length, 0);
  assert.equal(reader.copyRows(column, rows, new Float64Array(0)), true);
});
