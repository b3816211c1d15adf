import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { createEventBuffers, eventLimits } from '../../../workers/contract/window-cells.ts';
import { readSummary } from '../../../workers/events/event-summary.ts';
import { RequestReader } from '../../../workers/events/request-reader.ts';
import { WindowReader } from '../../../workers/events/window-reader.ts';
import { dbRecord, type FrameRecord, httpRecord, socketRecord } from '../../support/frames.ts';
import { countPlainly, exactQuantileMs, randomFrom, randomRecord } from './event-model.ts';
import { EventStage, partsOf } from './event-stage.ts';
import '../../support/watchdog.ts';

const minuteMs = 60_000;
const request = (durationUs: number, route = '/a'): FrameRecord => httpRecord('GET', route, { durationUs });

describe('the windows', () => {
  test('use no more memory than a few times what they hold, however long it runs', () => {
    const stage = new EventStage();
    const reader = new WindowReader(stage.buffers);
    const each = 200;
    for (let tick = 0; tick < 4000; tick++) {
      const records = Array.from({ length: each }, (_, i) => request(1000 * 1.05 ** i, `/r${i % 40}`));
      stage.take(records);
      stage.fold();
      if (tick % 500 !== 499) continue;
      const { series, spanMs } = reader.windowStats('http', ['process'], 5 * minuteMs);
      assert.equal(spanMs, 5 * minuteMs);
      assert.equal(series[0]!.count, 150 * each);
    }
    const touched = (buffer: SharedArrayBuffer) =>
      new Uint32Array(buffer).findLastIndex((word) => word !== 0) * 4;
    assert.ok(touched(stage.buffers.entryLog) < 6 * 150 * each * 8, `${touched(stage.buffers.entryLog)}`);
    assert.ok(touched(stage.buffers.rowLog) < 6 * 150 * 40 * 64, `${touched(stage.buffers.rowLog)}`);
  });

  test('of 1 and 5 minutes are the ticks that lie in them, exactly', () => {
    const stage = new EventStage();
    const reader = new WindowReader(stage.buffers);
    const random = randomFrom(4711);
    const ticks: FrameRecord[][] = [];
    for (let tick = 0; tick < 200; tick++) {
      const records = Array.from({ length: Math.floor(random() * 60) }, () => randomRecord(random));
      stage.take(records);
      stage.fold();
      ticks.push(records);
    }
    for (const [windowMs, count] of [
      [minuteMs, 30],
      [5 * minuteMs, 150],
      [2000, 1],
    ] as const) {
      const model = countPlainly('crm', ticks.slice(-count).flat(), 500_000);
      const { series, spanMs } = reader.windowStats(
        'http',
        ['process', 'route', 'method', 'status'],
        windowMs,
      );
      assert.equal(spanMs, windowMs);
      assert.equal(series.length, model.http.size);
      for (const { tags, ...stats } of series) {
        const expected = model.http.get(`${tags.method} ${tags.process} ${tags.route} ${tags.status}`)!;
        assert.equal(stats.count, expected.count);
        assert.equal(stats.errors, expected.errors);
        assert.equal(stats.slow, expected.slow);
        if (expected.durationsUs.length === 0) {
          assert.deepEqual(
            [stats.avgMs, stats.p50Ms, stats.p95Ms, stats.p99Ms, stats.maxMs],
            Array(5).fill(null),
          );
          continue;
        }
        assert.equal(stats.maxMs, Math.max(...expected.durationsUs) / 1000);
        for (const [q, actual] of [
          [0.5, stats.p50Ms],
          [0.95, stats.p95Ms],
          [0.99, stats.p99Ms],
        ] as const) {
          const exact = exactQuantileMs(expected.durationsUs, q);
          assert.ok(Math.abs(actual! - exact) <= exact / 100, `${actual} is not ${exact}`);
        }
      }
    }
  });

  test('merge what has equal values of the asked tags, the most frequent first', () => {
    const stage = new EventStage();
    stage.take([
      httpRecord('GET', '/a', { durationUs: 1000 }),
      httpRecord('POST', '/b', { durationUs: 9000, status: 500 }),
      httpRecord('GET', '/b', { durationUs: 3000 }),
      dbRecord('', 'select', { durationUs: 5 }),
      socketRecord('hi', '/chat'),
    ]);
    stage.fold();
    const reader = new WindowReader(stage.buffers);
    const { series } = reader.windowStats('http', ['route', 'no such tag'], minuteMs);
    assert.deepEqual(
      series.map(({ tags, count, errors, avgMs, maxMs }) => [tags, count, errors, avgMs, maxMs]),
      [
        [{ route: '/b' }, 2, 1, 6, 9],
        [{ route: '/a' }, 1, 0, 1, 1],
      ],
    );
    const all = reader.windowStats('http', [], minuteMs).series;
    assert.deepEqual(
      all.map(({ tags, count }) => [tags, count]),
      [[{}, 3]],
    );
    const tagsOf = (measurement: 'db' | 'socket', by: string[]) =>
      reader.windowStats(measurement, by, minuteMs).series.map(({ tags }) => tags);
    assert.deepEqual(tagsOf('db', ['model', 'operation']), [{ operation: 'select' }]);
    assert.deepEqual(tagsOf('socket', ['event', 'namespace', 'process']), [
      { event: 'hi', namespace: '/chat', process: 'crm' },
    ]);
  });

  test('are empty before anything happened', () => {
    const stage = new EventStage();
    assert.deepEqual(new WindowReader(stage.buffers).windowStats('http', [], minuteMs), {
      spanMs: 0,
      series: [],
    });
    assert.deepEqual(new RequestReader(stage.buffers).newest(10), []);
    assert.deepEqual(partsOf(stage), [null, null, null]);
  });

  test('do not care when the clock jumps', () => {
    const stage = new EventStage();
    for (const jump of [0, 86_400_000, -2 * 86_400_000]) {
      stage.nowMs += jump;
      stage.take([request(1000)]);
      stage.fold();
    }
    const { series } = new WindowReader(stage.buffers).windowStats('http', [], minuteMs);
    assert.equal(series[0]!.count, 3);
  });

  test('cover less, and say so, when the log has no room for all their ticks', () => {
    const stage = new EventStage();
    const routes = 1900;
    const durations = [100, 1000];
    const ticks = 150;
    const perTick = Array.from({ length: routes }, (_, i) => `/r${i}`);
    for (let tick = 0; tick < ticks; tick++) {
      for (let i = 0; i < routes; i += 475)
        stage.take(
          perTick
            .slice(i, i + 475)
            .flatMap((route) => durations.map((us) => request(us + tick * 1000, route))),
        );
      stage.fold();
    }
    const { spanMs, series } = new WindowReader(stage.buffers).windowStats('http', ['route'], 5 * minuteMs);
    const kept = Math.floor(eventLimits.rows / routes);
    assert.equal(spanMs, kept * 2000);
    assert.ok(spanMs < 5 * minuteMs);
    assert.equal(series.length, routes);
    for (const { count } of series) assert.equal(count, kept * durations.length);
  });

  test('survive a writer that was ended while it wrote', () => {
    const stage = new EventStage();
    stage.report();
    stage.take([request(1000)]);
    stage.fold();
    const control = new Int32Array(stage.buffers.control);
    for (const counter of [0, 1, 2]) control[counter]!++;
    stage.replace();
    stage.report();
    stage.take([request(1000)]);
    stage.fold();
    assert.equal(new WindowReader(stage.buffers).windowStats('http', [], minuteMs).series[0]!.count, 2);
    assert.equal(new RequestReader(stage.buffers).newest(10).length, 2);
    assert.equal(readSummary(stage.buffers).api!.count, 2);
  });
});

describe('the ring of requests', () => {
  test('has the newest 1,000 with all that is told of them, newest first', () => {
    const stage = new EventStage();
    const reader = new RequestReader(stage.buffers);
    for (let i = 0; i < 2500; i += 500) {
      stage.take(Array.from({ length: 500 }, (_, k) => request((i + k) * 1000)));
      stage.fold();
    }
    stage.take([
      httpRecord('PUT', '/é"\\', {
        durationUs: 1500,
        b: 'anna',
        c: 'it\0 failed\n"so"',
        status: 503,
        timeMs: stage.nowMs,
      }),
    ]);
    stage.fold();
    const all = reader.newest(5000);
    assert.equal(all.length, 1000);
    assert.deepEqual(all[0], {
      sequence: 2500,
      request: {
        timestamp: new Date(stage.nowMs - 2000).toISOString(),
        endpoint: '/é"\\',
        method: 'PUT',
        statusCode: 503,
        responseTime: 1.5,
        userId: 'anna',
        error: 'it\0 failed\n"so"',
        process: 'crm',
      },
    });
    assert.deepEqual(
      all.map(({ sequence }) => sequence),
      Array.from({ length: 1000 }, (_, i) => 2500 - i),
    );
    assert.ok(all.slice(1).every(({ sequence, request: { responseTime } }) => responseTime === sequence));
    const page = reader.newest(3, all[9]!.sequence);
    assert.deepEqual(
      page.map(({ sequence }) => sequence),
      [2490, 2489, 2488],
    );
    assert.deepEqual(reader.newest(3, 1), []);
  });

  test('counts those that were too many for it in their numbers', () => {
    const stage = new EventStage();
    for (let i = 0; i < 6; i++) stage.take(Array.from({ length: 1000 }, (_, k) => request(i * 1000 + k)));
    stage.fold();
    const newest = new RequestReader(stage.buffers).newest(2000);
    assert.equal(newest.length, 1000);
    assert.equal(newest[0]!.sequence, 5999);
    assert.equal(newest[0]!.request.responseTime, 5.999);
  });

  test('has room for the longest texts that there are', () => {
    const stage = new EventStage();
    stage.instances = [{ number: 1, process: 'é'.repeat(200), worker: '0' }];
    const long = '"é'.repeat(600);
    stage.take([httpRecord(long, long, { b: long, c: '漢'.repeat(1300), durationUs: 1 })]);
    stage.fold();
    const [newest] = new RequestReader(stage.buffers).newest(1);
    assert.equal(newest!.request.error, '漢'.repeat(200));
  });
});

test('a reader beside a writer on another thread never sees anything torn', async () => {
  const buffers = createEventBuffers(2000);
  const filename = fileURLToPath(new URL('./busy-event-writer.ts', import.meta.url));
  const pool = new Piscina({ filename, maxThreads: 1 });
  const windows = new WindowReader(buffers);
  const requests = new RequestReader(buffers);
  let isDone = false;
  const writing = pool.run(buffers).finally(() => {
    isDone = true;
  });
  let reads = 0;
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    // Half of the requests of each tick fail and are slower; there are as many queries.
    const http = windows.windowStats('http', ['process'], 5 * minuteMs).series[0];
    if (http) {
      reads++;
      assert.equal(http.errors * 2, http.count);
      assert.ok(Math.abs(http.p50Ms! - 1) <= 0.01 && http.maxMs === 2);
      assert.deepEqual(http.tags, { process: 'crm' });
    }
    const { api, database } = readSummary(buffers);
    assert.equal(api?.count, database?.count);
    for (const { request: found } of requests.newest(1000))
      assert.equal(found.endpoint, found.responseTime === 1 ? '/fast' : '/slow');
  }
  await writing;
  await pool.close();
  assert.ok(reads > 10, `${reads}`);
});
