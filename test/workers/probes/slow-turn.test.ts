import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlowTurn } from '../../../workers/probes/slow-turn.ts';

const turnsAt = (everyMs: number, times: readonly number[]) => {
  const turn = new SlowTurn(everyMs);
  return times.filter((time) => turn.take(time));
};

test('it is due the first time and then every interval', () => {
  assert.deepEqual(
    turnsAt(10_000, [500, 2500, 4500, 6500, 8500, 10_500, 12_500, 20_500]),
    [500, 10_500, 20_500],
  );
});

test('a tick that comes a little early does not put it off', () => {
  assert.deepEqual(turnsAt(10_000, [0, 2001, 9998, 12_000, 19_995, 30_003]), [0, 9998, 19_995, 30_003]);
});

test('after a long pause it is due once and then keeps a new beat', () => {
  assert.deepEqual(turnsAt(10_000, [0, 55_000, 57_000, 63_000, 65_000]), [0, 55_000, 65_000]);
});
