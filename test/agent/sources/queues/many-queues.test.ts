import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { look, redisFor, sleep, sourceFor } from './fixture.ts';
import '../../../support/watchdog.ts';

test('a thousand busy queues are read in slices, and how long Redis takes is told', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  const fill = (state: string, timeMs: number) => {
    const pipeline = client.pipeline();
    for (let q = 0; q < 1_000; q++) {
      pipeline.hset(`bull:queue-${q}:meta`, 'version', 'bullmq:6');
      for (let j = 0; j < 5; j++) {
        const id = `${timeMs}-${j}`;
        const job = {
          timestamp: timeMs - 50,
          processedOn: timeMs - 20,
          finishedOn: timeMs,
          ats: 1,
          opts: '{}',
        };
        pipeline.zadd(`bull:queue-${q}:${state}`, timeMs, id).hset(`bull:queue-${q}:${id}`, job);
      }
    }
    return pipeline.exec();
  };
  await fill('completed', Date.now() - 60_000);
  const source = sourceFor(t, { redis: redis.url });
  assert.equal(Object.keys((await look(source, true)).queues).length, 1_000);
  await fill('completed', Date.now() + 200);
  await sleep(2_500);
  await client.config('SET', 'slowlog-max-len', '10000');
  // Above the single commands of a script, below the scripts.
  await client.config('SET', 'slowlog-log-slower-than', '100');
  await client.slowlog('RESET');
  const sentBefore = source.commandsSent();
  const { queues } = await look(source, true);
  const sent = source.commandsSent() - sentBefore;
  const log = (await client.slowlog('GET', 10_000)) as [number, number, number, string[]][];
  const times = log
    .filter(([, , , [command]]) => command?.startsWith('EVAL'))
    .map(([, , us]) => us)
    .sort((a, b) => a - b);
  t.diagnostic(
    `${times.length} scripts, median ${times[times.length >> 1]} µs, slowest ${times.at(-1)} µs, ` +
      `together ${(times.reduce((a, b) => a + b, 0) / 1000).toFixed(1)} ms`,
  );
  for (const fields of Object.values(queues)) {
    assert.deepEqual(
      [fields.completed, fields.completed_total, fields.wait_p50_ms, fields.run_p95_ms],
      [10, 5, 30, 20],
    );
  }
  // Ten for the counts, twenty for the backlog, thirty for finished jobs.
  assert.ok(sent >= 60, `${sent} commands`);
});

test('queues beyond 2,000 are not read, and that is said', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  const pipeline = client.pipeline();
  for (let q = 0; q < 2_003; q++) pipeline.hset(`bull:queue-${10_000 + q}:meta`, 'version', 'bullmq:6');
  await pipeline.exec();
  const source = sourceFor(t, { redis: redis.url });
  const { queues } = await look(source);
  assert.equal(Object.keys(queues).length, 2_000);
  assert.ok(queues['bull:queue-11999'] && !queues['bull:queue-12000']);
  assert.equal(source.problem(), '3 queues beyond the first 2000 are not read');
});
