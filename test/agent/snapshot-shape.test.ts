import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyNames } from '../../agent/snapshot-shape.ts';
import { fieldsOf } from '../../workers/point/catalogue.ts';

test('the names of a historical row are the fields of the measurement snapshot', () => {
  assert.deepEqual([...historyNames], fieldsOf('snapshot'));
});
