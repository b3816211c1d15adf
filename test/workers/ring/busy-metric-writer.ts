import type { RingBuffers } from '../../../workers/contract/ring-cells.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';

export const busySeries = 20;

/** The value of series `series` in row `row`: not known in each tenth row, and for a while now and then. */
export function busyValue(series: number, row: number): number {
  const isKnown = (row + series) % 10 !== 0 && (row + series * 7) % 60 < 48;
  return isKnown ? row * 100 + series : Number.NaN;
}

/** Writes rows `1…rows`, each at its number as time, a fraction of a millisecond apart, and a new series now and then. */
export default function writeRows({ buffers, rows }: { buffers: RingBuffers; rows: number }): void {
  const writer = new RingWriter(buffers);
  const point = (i: number) => ({ measurement: 'm', tags: { i: `${i}` }, fields: ['v'] });
  const admitted = writer.admit(buildLayout(Array.from({ length: busySeries }, (_, i) => point(i))));
  const values = new Float64Array(busySeries);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let row = 1; row <= rows; row++) {
    Atomics.wait(pause, 0, 0, (row % 7) / 100);
    for (let series = 0; series < busySeries; series++) values[series] = busyValue(series, row);
    writer.write(row, [{ columns: admitted.columns, section: { layout: admitted.layout, values } }]);
    if (row % 500 === 0) writer.admit(buildLayout([point(busySeries + row)]));
  }
}
