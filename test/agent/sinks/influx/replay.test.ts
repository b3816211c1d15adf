import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuarantinedPoint } from '../../../../workers/contract/tasks.ts';
import type { Behaviour } from '../fakes/fake-influx.ts';
import { points } from '../fakes/fake-store.ts';
import { rig } from './rig.ts';

function quarantined(lines: readonly string[]): QuarantinedPoint[] {
  return lines.map((line, i) => ({ id: 100 + i, sink: 'main', line, reason: 'was bad', refusedAtMs: 1 }));
}

const refuses =
  (bad: string): Behaviour =>
  ({ lines }) =>
    lines.includes(bad) ? { status: 400, body: { error: 'still bad' } } : { status: 204 };

test('replayed points are delivered, and those refused again keep the newer reason', async (t) => {
  const lines = points(10);
  const { sink, influx } = await rig(t, { behaviour: refuses(lines[4]!), start: false });
  const { delivered, refused, problem } = await sink.replay(quarantined(lines));
  assert.deepEqual(delivered, [100, 101, 102, 103, 105, 106, 107, 108, 109]);
  assert.deepEqual(refused, [{ id: 104, line: lines[4], reason: 'still bad' }]);
  assert.equal(problem, '');
  assert.equal(influx.stored.size, 9);
});

test('a server that fails in between leaves the rest untried, and says why', async (t) => {
  const lines = points(4);
  let count = 0;
  const behaviour: Behaviour = (request) => (++count > 3 ? { status: 503 } : refuses(lines[0]!)(request));
  const { sink } = await rig(t, { behaviour, start: false });
  const { delivered, refused, problem } = await sink.replay(quarantined(lines));
  assert.deepEqual(
    { delivered, refused: refused.map(({ id }) => id), problem },
    {
      delivered: [],
      refused: [100],
      problem: 'answered 503',
    },
  );
});

test('a server that is away rejects: nothing has changed', async (t) => {
  const { sink } = await rig(t, { behaviour: () => ({ status: 503 }), start: false });
  await assert.rejects(sink.replay(quarantined(points(1))), {
    code: 'SINK_UNREACHABLE',
    message: 'main: answered 503',
  });
});

test('a mended line that is no single point is refused before it is sent', async (t) => {
  const { sink, influx } = await rig(t, { start: false });
  const { delivered, refused } = await sink.replay(
    quarantined(['\n', '# m v=1 1', 'm v=1 1\nm v=2 2', 'm v=3 3\n']),
  );
  assert.deepEqual(delivered, [103]);
  assert.deepEqual(
    refused.map(({ reason }) => reason),
    ['an empty line is no point', 'a line that begins with # is a comment', 'more than one line'],
  );
  assert.deepEqual(
    influx.requests.map(({ lines }) => lines),
    [['m v=3 3']],
  );
});

test('a replay goes between the batches of the sink: one request in flight', async (t) => {
  const { sink, influx, delivered } = await rig(t, { lines: points(500) });
  await Promise.all([sink.replay(quarantined(points(300, 10_000))), delivered()]);
  assert.equal(influx.stored.size, 800);
  assert.equal(influx.mostOpen(), 1);
});
