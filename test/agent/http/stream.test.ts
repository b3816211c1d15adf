import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { AlertStanding } from '../../../agent/alert-shape.ts';
import type { Clock } from '../../../agent/clock.ts';
import { sessionLifetimeMs } from '../../../agent/http/access/sessions.ts';
import type { ReadyReport } from '../../../agent/ready-shape.ts';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import { untilTrue } from '../../support/servers.ts';
import { adminToken, exampleSnapshot, now, quietViews, startHttp, viewerToken } from './running-server.ts';
import { openStream } from './stream-reader.ts';
import '../../support/watchdog.ts';

const startMs = Date.parse('2026-03-01T12:00:00Z');
const stillAlerts: AlertStanding = quietViews.alerts.standing();

/** A server whose ticks the test makes. */
async function startTicking(t: TestContext, clock: Partial<Clock> = {}) {
  const listeners: (() => void)[] = [];
  const evaluated: (() => void)[] = [];
  let ticks = 0;
  let padding = '';
  let standing = stillAlerts;
  let report: ReadyReport = { ready: true, parts: [{ part: 'tick', ok: true, problem: '' }], ledger: [] };
  let snapshot: Snapshot | null = null;
  const views = {
    onTick: (listener: () => void) => void listeners.push(listener),
    onEvaluation: (listener: () => void) => void evaluated.push(listener),
    snapshot: () => snapshot,
    ready: () => report,
    alerts: { ...quietViews.alerts, standing: () => standing },
  };
  const server = await startHttp(t, { views, clock });
  return {
    server,
    url: server.address.url,
    /** The time of the tick. */
    tick(): number {
      const timeMs = startMs + 2000 * ++ticks;
      const processes = [{ timestamp: '', process: `crm${padding}`, cpuUsage: ticks, memoryRss: null }];
      snapshot = { ...exampleSnapshot, timestamp: new Date(timeMs).toISOString(), processes };
      for (const listener of listeners) listener();
      return timeMs;
    },
    pad(bytes: number): void {
      padding = 'x'.repeat(bytes);
    },
    evaluate(next: AlertStanding): void {
      standing = next;
      for (const listener of evaluated) listener();
    },
    report(next: ReadyReport): void {
      report = next;
    },
    current: () => snapshot,
  };
}

test('a stream begins with the newest snapshot, the alerts and what is ready', async (t) => {
  const { url, tick, current } = await startTicking(t);
  const timeMs = tick();
  const stream = await openStream(t, url, viewerToken);
  assert.equal(stream.response.statusCode, 200);
  assert.match(stream.response.headers['content-type']!, /^text\/event-stream/);
  assert.equal(stream.response.headers['cache-control'], 'no-store');
  await stream.until('ready', 1);
  assert.deepEqual(stream.events, [
    { event: 'snapshot', id: String(timeMs), data: current() },
    { event: 'alerts', id: undefined, data: stillAlerts },
    {
      event: 'ready',
      id: undefined,
      data: { ready: true, parts: [{ part: 'tick', ok: true, problem: '' }] },
    },
  ]);
  assert.match(stream.text(), /^retry: 2000\n\n/);
});

test('before the first tick a stream waits for it', async (t) => {
  const { url, tick } = await startTicking(t);
  const stream = await openStream(t, url, adminToken);
  await stream.until('ready', 1);
  assert.equal(stream.of('snapshot').length, 0);
  const timeMs = tick();
  assert.equal((await stream.until('snapshot', 1))[0]!.id, String(timeMs));
});

test('two hundred viewers get each tick once, in the bytes of the snapshot', async (t) => {
  const { url, tick, current } = await startTicking(t);
  tick();
  const streams = await Promise.all(Array.from({ length: 200 }, () => openStream(t, url, viewerToken)));
  await Promise.all(streams.map((stream) => stream.until('ready', 1)));
  for (let i = 0; i < 5; i++) tick();
  for (const stream of streams) {
    const found = await stream.until('snapshot', 6);
    assert.deepEqual(
      found.map(({ id }) => Number(id)),
      [1, 2, 3, 4, 5, 6].map((i) => startMs + 2000 * i),
    );
    assert.deepEqual(found[5]!.data, current());
  }
});

test('alerts are told when they stand otherwise, and only then', async (t) => {
  const { url, tick, evaluate } = await startTicking(t);
  tick();
  const stream = await openStream(t, url, adminToken);
  await stream.until('alerts', 1);
  evaluate(stillAlerts);
  const changed = { version: 1, counts: { ...stillAlerts.counts, active: 2 } };
  evaluate(changed);
  tick();
  await stream.until('snapshot', 2);
  assert.deepEqual(
    stream.of('alerts').map(({ data }) => data),
    [stillAlerts, changed],
  );
});

test('a source that goes down is told with the next tick, without secrets', async (t) => {
  const { url, tick, report } = await startTicking(t);
  tick();
  const stream = await openStream(t, url, adminToken);
  await stream.until('ready', 1);
  const problem = 'connect redis://user:hunter2@cache:6379 failed';
  report({ ready: true, parts: [{ part: 'source/queues/main', ok: false, problem }], ledger: [] });
  tick();
  const [, down] = await stream.until('ready', 2);
  assert.deepEqual(down!.data, {
    ready: true,
    parts: [{ part: 'source/queues/main', ok: false, problem: 'connect redis://***@cache:6379 failed' }],
  });
  assert.ok(!stream.text().includes('hunter2'));
});

test('who comes back gets the ticks in between, and then goes on', async (t) => {
  const { url, tick } = await startTicking(t);
  const seenMs = tick();
  const first = await openStream(t, url, adminToken);
  await first.until('snapshot', 1);
  first.leave();
  const missed = [tick(), tick(), tick()];
  const headers = { 'last-event-id': String(seenMs) };
  const again = await openStream(t, url, adminToken, { headers });
  await again.until('ready', 1);
  const next = tick();
  const found = await again.until('snapshot', 4);
  assert.deepEqual(
    found.map(({ id }) => Number(id)),
    [...missed, next],
  );
  assert.equal(again.of('gap').length, 0);
  const asked = await openStream(t, url, adminToken, {
    path: `/api/monitoring/stream?lastEventId=${missed[2]}`,
  });
  assert.deepEqual(
    (await asked.until('snapshot', 1)).map(({ id }) => Number(id)),
    [next],
  );
});

test('ticks that are not kept any more are told as a gap', async (t) => {
  const { url, tick } = await startTicking(t);
  const timeMs = tick();
  const before = startMs - 600_000;
  const stream = await openStream(t, url, adminToken, { headers: { 'last-event-id': String(before) } });
  await stream.until('ready', 1);
  assert.deepEqual(
    stream.events.slice(0, 2).map(({ event, data }) => [event, data]),
    [
      ['gap', { since: new Date(before).toISOString(), until: new Date(timeMs).toISOString() }],
      ['snapshot', stream.of('snapshot')[0]!.data],
    ],
  );
});

test('more missed ticks than may wait at once arrive whole', async (t) => {
  const { url, tick, pad } = await startTicking(t);
  const seenMs = tick();
  const first = await openStream(t, url, adminToken);
  await first.until('snapshot', 1);
  first.leave();
  pad(16 * 1024);
  const missed = Array.from({ length: 100 }, () => tick());
  const again = await openStream(t, url, adminToken, { headers: { 'last-event-id': String(seenMs) } });
  const found = await again.until('snapshot', 100);
  assert.deepEqual(
    found.map(({ id }) => Number(id)),
    missed,
  );
});

test('the oldest ticks are let go, and who missed them is told', async (t) => {
  const { url, tick } = await startTicking(t);
  const seenMs = tick();
  await (await openStream(t, url, adminToken)).until('snapshot', 1);
  const missed = Array.from({ length: 460 }, () => tick());
  const again = await openStream(t, url, adminToken, { headers: { 'last-event-id': String(seenMs) } });
  const found = await again.until('snapshot', 450);
  assert.deepEqual(again.of('gap')[0]!.data, {
    since: new Date(seenMs).toISOString(),
    until: new Date(missed[10]!).toISOString(),
  });
  assert.equal(Number(found[0]!.id), missed[10]);
});

test('a viewer that never reads is ended, and the others go on', async (t) => {
  const { url, tick, pad, server } = await startTicking(t);
  tick();
  const reader = await openStream(t, url, adminToken);
  const deaf = connect(server.address.port, '127.0.0.1');
  t.after(() => deaf.destroy());
  deaf.on('error', () => {});
  deaf.pause();
  deaf.write(
    `GET /api/monitoring/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${adminToken}\r\n\r\n`,
  );
  pad(200 * 1024);
  let ticks = 1;
  await untilTrue(async () => {
    tick();
    await reader.until('snapshot', ++ticks);
    assert.ok(server.logLines.some((line) => /viewers of the stream were ended.*ended=1/.test(line)));
  });
  assert.equal(reader.isEnded(), false);
});

test('more than 256 viewers are told to come back', async (t) => {
  const { url, tick, server } = await startTicking(t);
  tick();
  const streams = await Promise.all(Array.from({ length: 256 }, () => openStream(t, url, adminToken)));
  const refused = await server.askAsAdmin('/api/monitoring/stream');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '10');
  assert.equal((refused.json as { success: boolean }).success, false);
  streams[0]!.leave();
  await untilTrue(async () => {
    const stream = await openStream(t, url, adminToken);
    if (stream.response.statusCode !== 200) throw new Error(`${stream.response.statusCode}`);
  });
});

test('closing the server ends the streams and waits for no viewer', async (t) => {
  const { url, tick, server } = await startTicking(t);
  tick();
  const stream = await openStream(t, url, adminToken);
  await stream.until('ready', 1);
  await server.close();
  await untilTrue(() => assert.ok(stream.isEnded()));
});

test('logging out, and the end of a session, end its streams and no others', async (t) => {
  const time = { now };
  const { server, url, tick } = await startTicking(t, { now: () => time.now });
  tick();
  const logIn = async () => {
    const body = JSON.stringify({ token: viewerToken });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await server.ask('/api/session', { method: 'POST', headers, body });
    const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
    return { cookie, 'x-csrf-token': (answer.json as { csrf: string }).csrf };
  };
  const [leaving, staying] = [await logIn(), await logIn()];
  const [left, stayed] = await Promise.all(
    [leaving, staying].map((headers) => openStream(t, url, undefined, { headers })),
  );
  const withToken = await openStream(t, url, viewerToken);
  await Promise.all([left!, stayed!, withToken].map((stream) => stream.until('ready', 1)));
  await server.ask('/api/session', { method: 'DELETE', headers: leaving });
  tick();
  await untilTrue(() => assert.ok(left!.isEnded()));
  assert.equal(stayed!.isEnded(), false);
  time.now += sessionLifetimeMs;
  tick();
  await untilTrue(() => assert.ok(stayed!.isEnded()));
  await withToken.until('snapshot', 3);
  assert.equal(withToken.isEnded(), false);
});

for (const [what, path, headers, status] of [
  ['without a token', '/api/monitoring/stream', {}, 401],
  [
    'with an unknown parameter',
    '/api/monitoring/stream?last=1',
    { authorization: `Bearer ${adminToken}` },
    400,
  ],
] as const) {
  test(`a stream ${what} is refused with ${status}`, async (t) => {
    const { server } = await startTicking(t);
    assert.equal((await server.ask(path, { headers })).status, status);
  });
}

test('HEAD opens no stream', async (t) => {
  const { server } = await startTicking(t);
  const { status } = await server.askAsAdmin('/api/monitoring/stream', { method: 'HEAD' });
  assert.ok(status >= 404, `${status}`);
});
