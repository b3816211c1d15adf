import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askQueues } from '../../../../agent/http/dashboard/views/queues-data.ts';
import { answerFetch } from './asked.ts';

const { signal } = new AbortController();
const names = { redis: 'main', prefix: 'bull', queue: 'mail' };

function vector(...samples: readonly (readonly [Record<string, string>, string])[]) {
  const result = samples.map(([metric, value]) => ({ metric, value: [0, value] }));
  return { status: 'success', data: { resultType: 'vector', result } };
}

function increases(query: string) {
  if (query.includes('queue_waiting[')) return vector([names, '40']);
  return query.includes('queue_completed_total') ? vector([names, '99.7']) : vector();
}

test('now: queues as the agent tells them, page by page, with what they did over the range', async (t) => {
  const other = { ...names, queue: 'sms' };
  const asked = answerFetch(t, (path, params) => {
    if (path === '/api/v1/query') return increases(params.get('query')!);
    const redis = [{ redis: 'main', memoryUsedBytes: 5, evictionSafe: true }];
    return params.get('before') === 'more'
      ? { data: [{ ...other, waiting: null, state: 'unknown', text: '?' }], redis }
      : {
          data: [{ ...names, waiting: 3, paused: false, state: 'working', text: 'so' }],
          redis,
          next: 'more',
        };
  });
  const { queues, redis } = await askQueues({ kind: 'last', ms: 900_000 }, signal);
  assert.deepEqual(redis, [{ redis: 'main', fields: { memoryUsedBytes: 5, evictionSafe: 1 } }]);
  const [mail, sms] = queues;
  assert.deepEqual(mail!.fields, { waiting: 3, paused: 0 });
  assert.deepEqual(
    [mail!.state, mail!.mostWaiting, mail!.completed, mail!.failed],
    ['working', 40, 100, null],
  );
  assert.deepEqual([sms!.fields.waiting, sms!.completed], [null, null], 'what is not known is null');
  const queries = asked.filter((one) => one.startsWith('/api/v1/query'));
  assert.ok(queries.every((one) => one.includes('%5B900s%5D') && !one.includes('time=')));
});

test('then: queues as they were at the end of the range, without a state', async (t) => {
  const asked = answerFetch(t, (path, params) => {
    if (path !== '/api/v1/query') return undefined;
    const query = params.get('query')!;
    if (!query.startsWith('{')) return increases(query);
    return vector(
      [{ __name__: 'queue_oldest_waiting_age_ms', ...names }, '7'],
      [{ __name__: 'queue_waiting', ...names }, '2'],
      [{ __name__: 'redis_memory_used_bytes', redis: 'main' }, '8'],
    );
  });
  const range = { kind: 'fixed', fromMs: 1_000_000, toMs: 1_300_000 } as const;
  const { queues, redis } = await askQueues(range, signal);
  assert.deepEqual(queues, [
    {
      ...names,
      fields: { oldestWaitingAgeMs: 7, waiting: 2 },
      mostWaiting: 40,
      completed: 100,
      failed: null,
    },
  ]);
  assert.deepEqual(redis, [{ redis: 'main', fields: { memoryUsedBytes: 8 } }]);
  assert.ok(asked.every((one) => one.endsWith('time=1300')));
});
