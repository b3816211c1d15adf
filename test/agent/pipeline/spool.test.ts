import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Replayer,
  type ReplayOutcome,
  replaySpool,
  type SpoolPort,
} from '../../../agent/pipeline/spool.ts';
import type { QuarantinedPoint, SpoolTask } from '../../../workers/contract/tasks.ts';

const point = (id: number, sink: string): QuarantinedPoint => ({
  id,
  sink,
  line: `m v=${id} 1`,
  reason: 'why',
  refusedAtMs: 1,
});

/** A quarantine of these points that notes what is settled. */
function portOf(points: readonly QuarantinedPoint[]) {
  const settled: SpoolTask[] = [];
  const port: SpoolPort = {
    spool: async (task) => {
      if (task.do !== 'list') settled.push(task);
      const { ids } = task as { ids?: readonly number[] };
      return { points: points.filter(({ id }) => ids?.includes(id) ?? true), changed: 0 };
    },
  };
  return { port, settled };
}

function replayer(name: string, outcome: Partial<ReplayOutcome> | Error): Replayer {
  const replay = async () => {
    if (outcome instanceof Error) throw outcome;
    return { delivered: [], refused: [], problem: '', ...outcome };
  };
  return { name, replay };
}

test('a destination that cannot be reached does not keep the others from theirs', async () => {
  const { port, settled } = portOf([point(1, 'gone'), point(2, 'well')]);
  const replayers = [replayer('gone', new Error('refused')), replayer('well', { delivered: [2] })];
  assert.deepEqual(await replaySpool(port, replayers, {}), {
    delivered: 1,
    refused: [],
    problems: ['gone: refused'],
  });
  assert.deepEqual(settled.at(-1), { do: 'settle', delivered: [2], refused: [] });
});

test('points of a destination that left the configuration are told, not passed over', async () => {
  const { port } = portOf([point(1, 'former')]);
  const { delivered, problems } = await replaySpool(port, [replayer('main', {})], {});
  assert.equal(delivered, 0);
  assert.deepEqual(problems, [
    'former: no such destination in the configuration: add it again, or drop its points',
  ]);
});

test('a mended line is sent in place of the refused one', async () => {
  const { port } = portOf([point(7, 'main'), point(8, 'main')]);
  const sent: string[] = [];
  const main: Replayer = {
    name: 'main',
    replay: async (points) => {
      sent.push(...points.map(({ line }) => line));
      return { delivered: points.map(({ id }) => id), refused: [], problem: '' };
    },
  };
  await replaySpool(port, [main], { ids: [7], line: 'mended v=1 1' });
  assert.deepEqual(sent, ['mended v=1 1']);
});
