import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventLimits } from '../../../workers/contract/window-cells.ts';
import { recordFlag } from '../../../workers/contract/wire.ts';
import type { FoldedEvents } from '../../../workers/events/event-book.ts';
import { readSummary } from '../../../workers/events/event-summary.ts';
import { Sketch } from '../../../workers/sketch/sketch.ts';
import {
  buildEventsFrame,
  dbRecord,
  errorRecord,
  type FrameRecord,
  httpRecord,
  jobRecord,
  joinFrames,
  socketRecord,
  userRecord,
} from '../../support/frames.ts';
import { countPlainly, exactQuantileMs, randomFrom, randomRecord } from './event-model.ts';
import { EventStage, partsOf, pointsOf } from './event-stage.ts';

const requests = (count: number, route = '/a', durationUs = 1000): FrameRecord[] =>
  Array.from({ length: count }, () => httpRecord('GET', route, { durationUs }));

function layoutOf(folded: FoldedEvents, source: string): string | undefined {
  return folded.readings.find((reading) => reading.source === source)?.layout;
}

function near(actual: number, expected: number, share = 0.01): void {
  // Half a microsecond of rounding beside it.
  assert.ok(Math.abs(actual - expected) <= expected * share + 0.0005, `${actual} is not ${expected}`);
}

describe('a tick', () => {
  for (let seed = 1; seed <= 5; seed++) {
    test(`counts random frames as a plain model does, percentiles within 1 % (seed ${seed})`, () => {
      const random = randomFrom(seed * 7919);
      const stage = new EventStage();
      stage.report();
      const records = Array.from({ length: 6000 }, () => randomRecord(random));
      for (let i = 0; i < records.length; i += 500) {
        const result = stage.take(records.slice(i, i + 500));
        assert.deepEqual(result, { records: 500, refused: 0, offenders: [] });
      }
      const folded = stage.fold();
      const model = countPlainly('crm', records, 500_000);
      const names = { http: 'requests', db: 'queries', job: 'runs' } as const;
      for (const measurement of ['http', 'db', 'job'] as const) {
        const points = pointsOf(folded, measurement);
        assert.deepEqual([...points.keys()].sort(), [...model[measurement].keys()].sort());
        for (const [key, series] of model[measurement]) {
          const point = points.get(key)!;
          assert.equal(point[names[measurement]], series.count);
          assert.equal(point[`${names[measurement]}_total`], series.count);
          assert.equal(point.errors, series.errors);
          if (measurement === 'db') assert.equal(point.slow, series.slow);
          near(point.duration_p50_ms!, exactQuantileMs(series.durationsUs, 0.5));
          near(point.duration_p95_ms!, exactQuantileMs(series.durationsUs, 0.95));
          near(point.duration_p99_ms!, exactQuantileMs(series.durationsUs, 0.99));
          assert.equal(point.duration_max_ms, Math.max(...series.durationsUs) / 1000);
          const sum = series.durationsUs.reduce((total, us) => total + us, 0);
          near(point.duration_avg_ms!, sum / series.durationsUs.length / 1000, 1e-6);
        }
      }
      const sockets = [...model.socket.values()];
      const socket = pointsOf(folded, 'socket').get('crm')!;
      assert.equal(
        socket.events,
        sockets.reduce((sum, { count }) => sum + count, 0),
      );
      near(
        socket.duration_p95_ms!,
        exactQuantileMs(
          sockets.flatMap(({ durationsUs }) => durationsUs),
          0.95,
        ),
      );
    });
  }

  test('gives the store the histogram of each series that was timed, its sum and maximum', () => {
    const stage = new EventStage();
    const durations = [0, 1, 63, 64, 65, 1000, 1_000_000, 4_000_000_000];
    stage.take([
      ...durations.map((durationUs) => httpRecord('GET', '/a', { durationUs })),
      httpRecord('GET', '/untimed', { durationUs: 5, flags: recordFlag.UNTIMED }),
      socketRecord('hi', '/', { durationUs: 7 }),
      socketRecord('ho', '/x', { durationUs: 7 }),
    ]);
    const { keys, starts, buckets, counts, sums, maxima } = stage.fold().histograms!;
    assert.deepEqual(keys, [
      '["http",[["method","GET"],["process","crm"],["route","/a"],["status","2xx"]],"duration_us"]',
      '["socket",[["process","crm"]],"duration_us"]',
    ]);
    assert.deepEqual([...sums], [4_001_001_194, 14]);
    assert.deepEqual([...maxima], [4_000_000_000, 7]);
    const [sketch, expected] = [new Sketch(), new Sketch()];
    for (let i = starts[0]!; i < starts[1]!; i++) sketch.addBucket(buckets[i]!, counts[i]!);
    for (const us of durations) expected.add(Math.max(1, us));
    for (const q of [0, 0.3, 0.5, 0.8, 1]) assert.equal(sketch.quantile(q), expected.quantile(q));
    assert.deepEqual(
      [...buckets.subarray(0, starts[1])],
      [...buckets.subarray(0, starts[1])].sort((a, b) => a - b),
    );
    assert.deepEqual([...counts.subarray(starts[1])], [2]);
    assert.equal(stage.fold().histograms, null);
  });

  test('has zeros and no durations where nothing happened, and totals that go on', () => {
    const stage = new EventStage();
    stage.take(requests(3));
    stage.fold();
    const quiet = pointsOf(stage.fold(), 'http').get('GET crm /a 2xx')!;
    assert.equal(quiet.requests, 0);
    assert.equal(quiet.requests_total, 3);
    assert.ok(Number.isNaN(quiet.duration_p50_ms));
    stage.take(requests(2));
    assert.equal(pointsOf(stage.fold(), 'http').get('GET crm /a 2xx')!.requests_total, 5);
  });

  test('has no status class for a status that is none', () => {
    const stage = new EventStage();
    stage.take([httpRecord('GET', '/a', { status: 0 }), httpRecord('GET', '/a', { status: 1023 })]);
    const point = pointsOf(stage.fold(), 'http').get('GET crm /a other')!;
    assert.equal(point.requests, 2);
    assert.equal(point.errors, 1);
  });

  test('sets two processes apart and merges the threads of one', () => {
    const stage = new EventStage();
    stage.instances = [
      { number: 1, process: 'crm', worker: '0' },
      { number: 2, process: 'crm', worker: '1' },
      { number: 3, process: 'mail', worker: '0' },
    ];
    stage.report(10);
    for (const number of [1, 2, 3]) stage.take([...requests(2), socketRecord('hi')], number);
    const folded = stage.fold();
    assert.equal(pointsOf(folded, 'http').get('GET crm /a 2xx')!.requests, 4);
    assert.equal(pointsOf(folded, 'http').get('GET mail /a 2xx')!.requests, 2);
    assert.equal(pointsOf(folded, 'socket').get('crm')!.connections, 20);
    assert.equal(pointsOf(folded, 'socket').get('mail')!.events, 1);
    assert.deepEqual([...pointsOf(folded, 'runtime').keys()], ['crm 0', 'crm 1', 'mail 0']);
    assert.equal(pointsOf(folded, 'runtime').get('crm 1')!.heap_used_bytes, 1002);
  });
});

describe('what is not known', () => {
  test('is told as unknown when no instance of the process is connected, after its last events', () => {
    const stage = new EventStage();
    stage.report(4);
    stage.take([...requests(2), dbRecord('M', 'find'), socketRecord('hi'), jobRecord('q', 'j')]);
    stage.fold();
    stage.take(requests(1));
    stage.instances = [];
    stage.takeBytes(new Uint8Array(0));
    const last = stage.fold();
    assert.equal(pointsOf(last, 'http').get('GET crm /a 2xx')!.requests, 1);
    const gone = stage.fold();
    for (const source of ['http', 'db', 'job', 'socket'])
      for (const point of pointsOf(gone, source).values())
        assert.ok(Object.values(point).every(Number.isNaN), JSON.stringify([source, point]));
    assert.equal(pointsOf(gone, 'runtime').size, 0);
    assert.deepEqual(partsOf(stage), [null, null, null]);
  });

  test('is zero as soon as an instance says that it would report', () => {
    const stage = new EventStage();
    stage.fold();
    assert.deepEqual(partsOf(stage), [null, null, null]);
    stage.report();
    stage.fold();
    const { api, database, socket } = readSummary(stage.buffers);
    assert.deepEqual([api!.count, database!.count, socket!.count, socket!.connections], [0, 0, 0, 0]);
    assert.ok(Number.isNaN(api!.avgMs));
  });

  test('is what a process last said of itself when that is long ago', () => {
    const stage = new EventStage();
    stage.report(5);
    assert.equal(pointsOf(stage.fold(), 'socket').get('crm')!.connections, 5);
    for (let i = 0; i < 5; i++) stage.fold();
    const late = stage.fold();
    assert.ok(Number.isNaN(pointsOf(late, 'socket').get('crm')!.connections));
    assert.ok(Number.isNaN(pointsOf(late, 'runtime').get('crm 0')!.heap_used_bytes));
  });
});

describe('the layout of the points', () => {
  test('is the same text object while the same series have points, and they have them for 5 minutes', () => {
    const stage = new EventStage();
    stage.report();
    stage.take([...requests(1), dbRecord('M', 'find'), socketRecord('hi'), errorRecord('E', 'm')]);
    const first = stage.fold();
    for (let tick = 1; tick <= 150; tick++) {
      if (tick % 3 === 0) stage.report();
      const folded = stage.fold();
      for (const source of ['http', 'db', 'socket', 'runtime', 'errors'])
        assert.equal(layoutOf(folded, source), layoutOf(first, source));
      assert.equal(pointsOf(folded, 'http').get('GET crm /a 2xx')!.requests, 0);
    }
    const after = stage.fold();
    assert.ok(Object.values(pointsOf(after, 'http').get('GET crm /a 2xx') ?? {}).every(Number.isNaN));
    for (let tick = 0; tick < 30; tick++) stage.fold();
    assert.equal(layoutOf(stage.fold(), 'http'), undefined);
    stage.take(requests(1));
    assert.equal(pointsOf(stage.fold(), 'http').get('GET crm /a 2xx')!.requests_total, 2);
  });
});

describe('room', () => {
  test('is for 2,000 series of a measurement; the rest is counted under other', () => {
    const stage = new EventStage();
    const wanted = 5000;
    for (let i = 0; i < wanted; i += 500)
      stage.take(
        Array.from({ length: 500 }, (_, k) => httpRecord('GET', `/r${i + k}`, { durationUs: 1000 })),
      );
    stage.take([httpRecord('GET', '/r4999', { status: 500 }), dbRecord('M', 'find'), socketRecord('hi')]);
    const folded = stage.fold();
    const points = pointsOf(folded, 'http');
    const ordinary = eventLimits.seriesEach - eventLimits.othersEach;
    assert.equal(points.size, ordinary + 2);
    assert.ok(points.size <= 2000);
    assert.equal(points.get('other crm other 2xx')!.requests, wanted - ordinary);
    assert.equal(points.get('other crm other 5xx')!.errors, 1);
    const sum = [...points.values()].reduce((total, { requests }) => total + requests!, 0);
    assert.equal(sum, wanted + 1);
    assert.equal(pointsOf(folded, 'db').get('M find crm')!.queries, 1);
  });

  test('is never short for other, however many processes there are', () => {
    const stage = new EventStage();
    stage.instances = Array.from({ length: 200 }, (_, i) => ({ number: i, process: `p${i}`, worker: '0' }));
    for (let i = 0; i < 2000; i += 500)
      stage.take(
        Array.from({ length: 500 }, (_, k) => httpRecord('GET', `/r${i + k}`)),
        0,
      );
    for (let i = 0; i < 200; i++)
      stage.take(
        [100, 200, 300, 400, 500, 600].map((status) => httpRecord('GET', '/new', { status })),
        i,
      );
    const points = pointsOf(stage.fold(), 'http');
    assert.ok(points.size <= 2000);
    const sum = [...points.values()].reduce((total, { requests }) => total + requests!, 0);
    assert.equal(sum, 2000 + 1200);
    for (const status of ['1xx', '5xx', 'other'])
      assert.ok(points.get(`other other other ${status}`)!.requests! > 100);
  });

  test('is given away by series that were silent for an hour, and by no others', () => {
    const stage = new EventStage({}, 60_000);
    const ordinary = eventLimits.seriesEach - eventLimits.othersEach;
    for (let i = 0; i < ordinary; i += 491)
      stage.take(Array.from({ length: 491 }, (_, k) => httpRecord('GET', `/r${i + k}`)));
    stage.fold();
    for (let minute = 0; minute < 40; minute++) stage.fold();
    stage.take([...requests(1, '/r7'), ...requests(1, '/early')]);
    assert.ok(pointsOf(stage.fold(), 'http').has('other crm other 2xx'));
    for (let minute = 0; minute < 40; minute++) stage.fold();
    stage.take([...requests(1, '/late'), ...requests(2, '/r7')]);
    const points = pointsOf(stage.fold(), 'http');
    assert.equal(points.get('GET crm /late 2xx')!.requests_total, 1);
    assert.equal(points.get('GET crm /r7 2xx')!.requests_total, 4);
  });

  test('does not make the total of socket events fall when it is given away', () => {
    const stage = new EventStage({}, 60_000);
    const ordinary = eventLimits.seriesEach - eventLimits.othersEach;
    for (let i = 0; i < ordinary; i += 491)
      stage.take(Array.from({ length: 491 }, (_, k) => socketRecord(`e${i + k}`)));
    stage.fold();
    for (let minute = 0; minute < 65; minute++) stage.fold();
    stage.take([socketRecord('new')]);
    assert.equal(pointsOf(stage.fold(), 'socket').get('crm')!.events_total, ordinary + 1);
  });
});

describe('labels of any kind', () => {
  test('that are names of prototypes are names like others', () => {
    const stage = new EventStage();
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    stage.instances = [{ number: 1, process: '__proto__', worker: 'constructor' }];
    stage.take(
      names.flatMap((name) => [
        httpRecord(name, name, { b: name, c: name }),
        errorRecord(name, name, '', { c: `${name}\0${name}`, user: name }),
        userRecord(name, name),
      ]),
    );
    const folded = stage.fold();
    assert.equal(pointsOf(folded, 'http').size, names.length);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.equal(Object.keys(Object.prototype).length, 0);
  });

  test('are cut and cleaned, and never make two points of one name', () => {
    const stage = new EventStage();
    const long = '/é'.repeat(900);
    const line = '/with\nbreak\u0000\u0007';
    stage.take([
      httpRecord('GET', long),
      httpRecord('GET', `${long}x`),
      httpRecord('GET', line),
      httpRecord('other', 'other'),
      httpRecord('', ''),
      { kind: 1, status: 200 },
    ]);
    const points = [...pointsOf(stage.fold(), 'http')];
    assert.deepEqual(points.map(([, { requests }]) => requests).sort(), [1, 1, 2, 2]);
    const cut = points.find(([key]) => key.includes('é'))![0];
    assert.ok(Buffer.byteLength(cut) <= eventLimits.bBytes + 20 && !cut.includes('\ufffd'));
    assert.ok(points.some(([key]) => key === 'GET crm /with break   2xx'));
  });
});

describe('errors and users of frames', () => {
  test('reach their books with route, user hash and exact counts', () => {
    const stage = new EventStage({ userKey: 'ab'.repeat(32) });
    stage.report();
    const error = errorRecord('TypeError', 'x is not a function', 'at f (/app/a.js:1:1)', {
      c: 'GET\0/a',
      user: 'anna',
    });
    stage.take([...Array.from({ length: 300 }, () => error), userRecord('anna', 's1'), userRecord('bert')]);
    const folded = stage.fold();
    const [group] = folded.errorGroups;
    assert.equal(group!.count, 300);
    assert.deepEqual(group!.routes, [{ route: 'GET /a', count: 300 }]);
    assert.match(group!.samples[0]!.user, /^[0-9a-f]{16}$/);
    assert.equal([...pointsOf(folded, 'errors').values()][0]!.count, 300);
    assert.equal(pointsOf(folded, 'users').get('crm')!.active_5m, 2);
    assert.doesNotMatch(JSON.stringify(folded), /anna|bert|s1/);
  });

  test('are told of users every 10 s, or less often when asked, with the routes of all requests', () => {
    const stage = new EventStage();
    stage.report();
    stage.take([...requests(5), httpRecord('GET', '/b', { b: 'anna' })]);
    const { users } = stage.fold();
    assert.deepEqual(
      users!.processes[0]!.topRoutes.map(({ name, count }) => [name, count]),
      [
        ['GET /a', 5],
        ['GET /b', 1],
      ],
    );
    assert.deepEqual(
      users!.processes[0]!.topUsers.map(({ name, count }) => [name, count]),
      [['anna', 1]],
    );
    const told = Array.from({ length: 10 }, () => stage.fold().users !== null);
    assert.deepEqual(told.filter(Boolean).length, 2);
    const rarely = Array.from({ length: 30 }, () => stage.fold(6).users !== null);
    assert.deepEqual(rarely.filter(Boolean).length, 1);
  });

  test('are unknown for a service that tells of no users', () => {
    const stage = new EventStage();
    stage.take(requests(5));
    const folded = stage.fold();
    assert.equal(folded.users, null);
    assert.equal(pointsOf(folded, 'users').size, 0);
  });

  test('go on from what was kept when the worker is replaced', () => {
    const stage = new EventStage();
    stage.report();
    stage.take([userRecord('anna'), userRecord('bert'), errorRecord('E', 'broken')]);
    for (let tick = 0; tick < 31; tick++) stage.fold();
    stage.replace();
    stage.report();
    stage.take([userRecord('carl'), errorRecord('E', 'broken')]);
    const folded = stage.fold();
    assert.equal(folded.users!.processes[0]!.active5m, 3);
    assert.equal(folded.errorGroups[0]!.count, 2);
  });
});

describe('a worker that takes the place of another', () => {
  test('goes on with totals, windows and the tick that was begun', () => {
    const stage = new EventStage();
    stage.report();
    stage.take([...requests(10), dbRecord('M', 'find', { durationUs: 600_000 })]);
    stage.fold();
    stage.take(requests(7, '/a', 2000));
    stage.replace();
    stage.report();
    stage.take(requests(3, '/a', 5000));
    const point = pointsOf(stage.fold(), 'http').get('GET crm /a 2xx')!;
    assert.equal(point.requests, 10);
    assert.equal(point.requests_total, 20);
    near(point.duration_p50_ms!, 2);
    const { api, database } = readSummary(stage.buffers);
    assert.deepEqual([api!.count, database!.count, database!.slow], [20, 1, 1]);
    near(api!.avgMs, (10 * 1 + 7 * 2 + 3 * 5) / 20);
  });
});

test('the times of requests are kept within a day of their arrival, and windows go by arrival', () => {
  const stage = new EventStage({ wantTexts: true });
  const far = 400 * 86_400_000;
  const frames = [-far, far, 1000].map((offset) =>
    buildEventsFrame({ instance: 1, baseMs: stage.nowMs + offset, records: requests(1) }),
  );
  stage.report();
  stage.takeBytes(joinFrames(...frames));
  const day = 86_400_000;
  const arrivedMs = stage.nowMs;
  const times = stage
    .fold()
    .texts!.api.map((text) => Date.parse((JSON.parse(text) as { timestamp: string }).timestamp));
  assert.deepEqual(times, [arrivedMs - day, arrivedMs + day, arrivedMs + 1000]);
  assert.equal(readSummary(stage.buffers).api!.count, 3);
});

describe('texts of requests and queries', () => {
  test('have the shapes that people read', () => {
    const stage = new EventStage({ wantTexts: true, userKey: '01' });
    const at = { timeMs: Date.UTC(2026, 0, 1, 0, 0, 1) };
    stage.take([
      httpRecord('GET', '/a/:id', { ...at, durationUs: 1234, b: 'anna', status: 503, c: 'no "luck"' }),
      httpRecord('POST', '/b', { ...at, durationUs: 1_000_000 }),
      dbRecord('User', 'findMany', { ...at, durationUs: 2500 }),
      dbRecord('', 'select', { ...at, durationUs: 10, b: 'select 1' }),
    ]);
    const { api, db } = stage.fold().texts!;
    const timestamp = '2026-01-01T00:00:01.000Z';
    const [first, second] = api.map((text) => JSON.parse(text) as Record<string, unknown>);
    assert.match(String(first!.userId), /^[0-9a-f]{16}$/);
    assert.deepEqual(
      { ...first, userId: '' },
      {
        timestamp,
        endpoint: '/a/:id',
        method: 'GET',
        statusCode: 503,
        responseTime: 1.234,
        userId: '',
        error: 'no "luck"',
      },
    );
    assert.deepEqual(second, {
      timestamp,
      endpoint: '/b',
      method: 'POST',
      statusCode: 200,
      responseTime: 1000,
    });
    assert.deepEqual(
      db.map((text) => JSON.parse(text) as unknown),
      [
        { timestamp, query: 'User.findMany', duration: 2.5, model: 'User', operation: 'findMany' },
        { timestamp, query: 'select 1', duration: 0.01, operation: 'select' },
      ],
    );
    assert.equal(stage.fold().texts, null);
  });

  test('are the newest 10,000 of each, oldest first', () => {
    const stage = new EventStage({ wantTexts: true });
    for (let i = 0; i < 24_000; i += 1000)
      stage.takeBytes(
        joinFrames(
          ...[0, 500].map((more) =>
            buildEventsFrame({
              instance: 1,
              baseMs: stage.nowMs,
              records: Array.from({ length: 500 }, (_, k) => {
                const durationUs = (i + more + k) * 1000;
                return k % 2
                  ? httpRecord('GET', '/a', { durationUs })
                  : dbRecord('M', 'find', { durationUs });
              }),
            }),
          ),
        ),
      );
    const { api, db } = stage.fold().texts!;
    assert.equal(api.length, 10_000);
    assert.equal(db.length, 10_000);
    const times = api.map((text) => (JSON.parse(text) as { responseTime: number }).responseTime);
    assert.equal(times.at(-1), 23_999);
    assert.equal(times[0], 23_999 - 2 * 9_999);
    assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
  });
});

test('the state of users is kept with the last tick, however short the last time is ago', () => {
  const stage = new EventStage();
  stage.take([userRecord('u1', 's1')]);
  assert.deepEqual(stage.fold().kept, []);
  const { kept } = stage.book.fold(stage.nowMs, 1, true);
  assert.equal(kept.length, 1);
});
