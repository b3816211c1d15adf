import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuffer, mostBatchBytes } from '../../../../agent/sources/intake/batch-buffer.ts';

test('what has no room is refused, and what is in it stays', () => {
  const batch = new BatchBuffer();
  const tail = new Uint8Array(65_536).fill(7);
  const frame = { head: tail, headEnd: 0, tail, tailStart: 0, tailEnd: tail.length, first: 0, records: 4 };
  while (batch.append(frame, 1));
  assert.deepEqual([batch.bytes, batch.records], [mostBatchBytes, (mostBatchBytes / 65_536) * 4]);
  assert.equal(batch.append({ ...frame, headEnd: 8, tailEnd: 32 }, 1), false);
  assert.equal(batch.take().length, mostBatchBytes);
  assert.equal(batch.append(frame, 1), true);
});
