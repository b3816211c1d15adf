import type { RingBuffers } from '../../../workers/contract/ring-cells.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';

/** Writes rows whose two values and time belong together, as fast as it can. */
export default function writeRows(buffers: RingBuffers): void {
  const writer = new RingWriter(buffers);
  const admitted = writer.admit(buildLayout([{ measurement: 'm', tags: {}, fields: ['a', 'b'] }]));
  for (let i = 1; i <= 1_000_000; i++) {
    const section = { layout: admitted.layout, values: Float64Array.of(i, -i) };
    writer.write(i, [{ columns: admitted.columns, section }]);
  }
}
