import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Behaviour } from '../fakes/fake-influx.ts';
import { points } from '../fakes/fake-store.ts';
import { rig } from './rig.ts';

/** As InfluxDB 3: good lines are written, bad ones named, at most `maxNamed`. */
function partialWrites(
  bad: ReadonlySet<string>,
  written: Set<string>,
  status: number,
  maxNamed: number,
): Behaviour {
  return ({ lines }) => {
    const data = [];
    for (const [i, line] of lines.entries()) {
      if (!bad.has(line)) written.add(line);
      else
        data.push({
          error_message: 'invalid column type',
          line_number: i + 1,
          original_line: line.slice(0, 9),
        });
    }
    if (data.length === 0) return { status: 204 };
    const error = 'partial write of line protocol occurred';
    return { status, body: { error, data: data.slice(0, maxNamed) } };
  };
}

for (const status of [201, 400]) {
  test(`${status} that names refused lines quarantines those and delivers the rest in one request`, async (t) => {
    const lines = points(1000);
    const bad = new Set([lines[1]!, lines[998]!]);
    const written = new Set<string>();
    const behaviour = partialWrites(bad, written, status, 100);
    const { influx, store, delivered } = await rig(t, { behaviour, lines, options: { version: 3 } });
    await delivered();
    assert.equal(influx.requests.length, 1);
    assert.deepEqual(
      store.quarantined,
      [...bad].map((line) => ({ line, reason: 'invalid column type' })),
    );
    assert.equal(written.size, 998);
    assert.equal(store.delivered, 998);
  });
}

test('a list of refused lines that may be cut off is asked for again until it is whole', async (t) => {
  const lines = points(1000);
  const bad = new Set(lines.filter((_, i) => i % 4 === 0));
  const behaviour = partialWrites(bad, new Set(), 400, 100);
  const { influx, store, delivered } = await rig(t, { behaviour, lines, options: { version: 3 } });
  await delivered();
  assert.equal(influx.requests.length, 3);
  assert.deepEqual(new Set(store.quarantined.map(({ line }) => line)), bad);
  assert.equal(store.delivered, 750);
});

test('line numbers that cannot be are not believed: the batch is split', async (t) => {
  const lines = points(8);
  const bad = lines[2]!;
  const behaviour: Behaviour = (request) =>
    request.lines.includes(bad)
      ? { status: 400, body: { error: 'partial', data: [{ line_number: 99, error_message: 'odd' }] } }
      : { status: 204 };
  const { store, delivered } = await rig(t, { behaviour, lines, options: { version: 3 } });
  await delivered();
  assert.deepEqual(store.quarantined, [{ line: bad, reason: 'partial' }]);
  assert.equal(store.delivered, 7);
});
