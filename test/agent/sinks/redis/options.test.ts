import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisOptions } from '../../../../agent/sinks/redis/options.ts';
import '../../../support/watchdog.ts';

test('nothing is written to any Redis by default', () => {
  assert.equal(redisOptions.parse(undefined), false);
  assert.equal(redisOptions.parse(false), false);
});

test('a named Redis gets the channel and the lists', () => {
  assert.deepEqual(redisOptions.parse({ url: 'redis://127.0.0.1:6379' }), {
    url: 'redis://127.0.0.1:6379',
    channel: 'metrics:snapshot',
    lists: { api: 'metrics:api', db: 'metrics:db' },
  });
});

test('the lists may be renamed one by one or switched off', () => {
  const url = 'rediss://user:password@redis.example.org:6380/2';
  const lists = (value: unknown) => {
    const options = redisOptions.parse({ url, lists: value });
    assert.ok(options);
    return options.lists;
  };
  assert.equal(lists(false), false);
  assert.deepEqual(lists({ api: 'requests' }), { api: 'requests', db: 'metrics:db' });
});

test('another protocol and unknown keys are refused', () => {
  for (const options of [{ url: 'http://127.0.0.1' }, { url: 'redis://a', list: false }, {}]) {
    assert.equal(redisOptions.safeParse(options).success, false);
  }
});
