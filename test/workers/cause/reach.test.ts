import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownRequest } from '../../../workers/cause/explain.ts';
import { beginMs, explain, intervalMs, point, storyTicks } from './fixture.ts';

const nowMs = beginMs + (storyTicks - 1) * intervalMs;

function request(userId: string | undefined, more: Partial<KnownRequest> = {}, agoMs = 60_000): KnownRequest {
  return {
    timestamp: new Date(nowMs - agoMs).toISOString(),
    process: 'crm',
    endpoint: '/contacts',
    method: 'GET',
    statusCode: 200,
    responseTime: 5,
    ...(userId !== undefined && { userId }),
    ...more,
  };
}

function users(process: string, active: number, sessions: number) {
  const fifth = (value: number) => (tick: number) => (tick % 5 === 0 ? value : undefined);
  return point('users', { process }, { active_5m: fifth(active), sessions: fifth(sessions) });
}

test('where nothing tells of users both numbers are unknown', () => {
  const { reach } = explain({ points: [] });
  assert.deepEqual(reach, { users: null, sessions: null, text: 'Nothing tells of users.' });
});

test('all active users are the upper bound of whom an alert touches', () => {
  const points = [users('crm', 12, 15), users('shop', 3, 3)];
  assert.deepEqual(explain({ points }).reach, {
    users: 15,
    sessions: 18,
    text: 'Up to 15 users in 18 sessions were active in the last 5 minutes.',
  });
  assert.deepEqual(explain({ points, labels: { process: 'crm' } }).reach, {
    users: 12,
    sessions: 15,
    text: 'Up to 12 users in 15 sessions were active in the last 5 minutes.',
  });
});

test('no active user is known to be none', () => {
  const { reach } = explain({ points: [users('crm', 0, 0)] });
  assert.deepEqual(reach, {
    users: 0,
    sessions: 0,
    text: 'No user was active in the last 5 minutes.',
  });
});

test('users of the past are not those of now', () => {
  const early = point('users', { process: 'crm' }, { active_5m: (tick) => (tick < 100 ? 12 : undefined) });
  assert.equal(explain({ points: [early] }).reach.users, null);
});

test('the users of a route are counted from the newest requests', () => {
  const requests = [
    request('anna'),
    request('anna'),
    request('ben'),
    request(undefined),
    request('carl', { method: 'POST' }),
    request('dora', { endpoint: '/deals' }),
    request('emil', {}, 400_000),
  ];
  const points = [users('crm', 12, 15)];
  assert.deepEqual(explain({ points, requests, labels: { route: '/contacts', method: 'GET' } }).reach, {
    users: 2,
    sessions: null,
    text: '2 users used GET /contacts in the last 5 min.',
  });
  assert.equal(explain({ points, requests, labels: { route: '/contacts' } }).reach.users, 3);
});

test('where the newest requests do not go back 5 minutes the number is a lower bound', () => {
  const requests = Array.from({ length: 1000 }, (_, i) => request(`u${i % 7}`, {}, 10 * i));
  const { reach } = explain({ points: [], requests, labels: { route: '/contacts' } });
  assert.deepEqual(reach, {
    users: 7,
    sessions: null,
    text: 'At least 7 users used /contacts in the last 10 s.',
  });
});

test('of a rule about errors those count whose requests failed', () => {
  const requests = [
    request('anna', { statusCode: 500 }),
    request('ben'),
    request('carl', { statusCode: 404, endpoint: '/deals' }),
  ];
  const expr = 'sum(sum_over_time(http_errors[1m])) / sum(sum_over_time(http_requests[1m])) > 0.05';
  assert.deepEqual(explain({ points: [], requests, expr }).reach, {
    users: 2,
    sessions: null,
    text: '2 users had failed requests in the last 5 min.',
  });
  const { text } = explain({ points: [], requests, expr, labels: { route: '/deals' } }).reach;
  assert.equal(text, '1 user had failed requests of /deals in the last 5 min.');
});

test('requests that name nobody tell nothing of users', () => {
  const requests = [request(undefined)];
  const labels = { route: '/contacts' };
  assert.equal(explain({ points: [], requests, labels }).reach.users, null);
  assert.match(explain({ points: [users('crm', 4, 4)], requests, labels }).reach.text, /^Up to 4 users/);
});

test('of a group of errors those count that met it', () => {
  const labels = { fingerprint: '0123456789abcdef', process: 'crm' };
  assert.deepEqual(explain({ points: [], labels, errorUsers: 3 }).reach, {
    users: 3,
    sessions: null,
    text: '3 users met this error since it was first seen.',
  });
  assert.match(explain({ points: [users('crm', 4, 4)], labels, errorUsers: 0 }).reach.text, /^Up to 4 users/);
});
