import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createRecorder, type StreamingRecorder } from '../../../agent/instrument/event-recorder.ts';
import type { RecordedRequest } from '../../../agent/instrument/recorder.ts';
import { Intake, type Place, temporaryPlace, until } from './intake.ts';

const now = Date.now();
const noDuration = 0xffff_ffff;

function request(fields: Partial<RecordedRequest> = {}): RecordedRequest {
  return {
    ...{ method: 'GET', route: '/contacts/:id', status: 200, durationUs: 1500, timeMs: now },
    ...{ user: '', error: '', untimed: false },
    ...fields,
  };
}

describe('event recorder', () => {
  let place: Place;
  let intake: Intake;
  let recorder: StreamingRecorder;

  beforeEach(async () => {
    place = temporaryPlace();
    intake = await Intake.listen(place.path);
    recorder = createRecorder(() => ({ path: place.path }));
  });
  afterEach(async () => {
    recorder.close();
    await intake.close();
    place.remove();
  });

  /** The records, when so many have come. */
  async function arrived(count: number) {
    await until(() => intake.records().length >= count, `${count} records came`);
    assert.equal(intake.records().length, count);
    return intake.records();
  }

  test('sends a request with its status, time, duration, user and error', async () => {
    recorder.request(request({ status: 503, user: 'ann', error: 'no room', timeMs: now - 86_400_000 }));
    assert.deepEqual(await arrived(1), [
      {
        ...{ kind: 1, flags: 0, status: 503, a: 'GET\0/contacts/:id', b: 'ann', c: 'no room' },
        ...{ duration: 1500, timeMs: now - 86_400_000 },
      },
    ]);
  });

  test('marks a request that is not to be timed', async () => {
    recorder.request(request({ untimed: true }));
    assert.equal((await arrived(1))[0]!.flags, 2);
  });

  test('sends queries, socket events, jobs, errors and users', async () => {
    recorder.query('Contact', 'findMany', '', 2000, now, false, '');
    recorder.query('', 'select', 'select 1', 3000, now, true, 'timeout');
    recorder.socketEvent('chat', '/room', noDuration, now, 'ann', '');
    recorder.socketEvent('chat', '', 4000, now, '', 'refused');
    recorder.job('mail', 'welcome', 5000, now, true, 'bounced');
    recorder.user('ann', 's1', now);
    const records = await arrived(6);
    assert.deepEqual(
      records.map(({ kind, flags, a, b, c, duration }) => [kind, flags, a, b, c, duration]),
      [
        [2, 0, 'Contact\0findMany', '', '', 2000],
        [2, 1, '\0select', 'select ?', 'timeout', 3000],
        [3, 0, 'chat\0/room', 'ann', '', noDuration],
        [3, 1, 'chat\0', '', 'refused', 4000],
        [4, 1, 'mail\0welcome', '', 'bounced', 5000],
        [6, 0, 'ann', 's1', '', noDuration],
      ],
    );
  });

  test('sends an error with type, frames, message, place and user', async () => {
    recorder.error(new RangeError('too far'), { method: 'GET', route: '/map', user: 'ann', timeMs: now });
    const [record] = await arrived(1);
    assert.match(record!.a, /^RangeError\0at .*event-recorder\.test\.ts:\d+:\d+\)?\n/);
    assert.deepEqual([record!.kind, record!.b, record!.c], [5, 'too far', 'GET\0/map']);
    const events = intake.frames()[0]!.find((frame) => frame.kind === 'events')!;
    assert.equal(events.kind === 'events' && events.texts[record!.duration - 1], 'ann');
  });

  test('takes the same error object once', async () => {
    const error = new Error('once');
    recorder.error(error, {});
    recorder.error(error, { route: '/again' });
    recorder.user('ann', '', now);
    assert.deepEqual(
      (await arrived(2)).map(({ kind }) => kind),
      [5, 6],
    );
  });

  test('has each text once in a frame', async () => {
    for (let i = 0; i < 100; i++) recorder.request(request({ user: `u${i % 3}` }));
    await arrived(100);
    const events = intake.frames()[0]!.find((frame) => frame.kind === 'events')!;
    assert.deepEqual(events.kind === 'events' && events.texts, ['GET\0/contacts/:id', 'u0', 'u1', 'u2']);
  });

  test('has the texts again in every frame, none longer than 64 KB', async () => {
    for (let i = 0; i < 10_000; i++) recorder.request(request({ user: `u${i % 3}` }));
    const records = await arrived(10_000);
    assert.ok(records.every(({ a, b }, i) => a === 'GET\0/contacts/:id' && b === `u${i % 3}`));
    const frames = intake.frames()[0]!.filter((frame) => frame.kind === 'events');
    assert.ok(frames.length >= 3);
  });

  test('begins a stream with who it is', async () => {
    recorder.reports(1);
    await until(() => intake.frames()[0]?.length === 2, 'it said hello');
    const [hello] = intake.frames()[0]!;
    assert.ok(hello!.kind === 'hello');
    const { version, pid, ppid, threadId, startedMs, node, resume } = hello!.hello;
    assert.deepEqual(
      { version, pid, ppid, threadId, node, resume },
      { version: 1, pid: process.pid, ppid: process.ppid, threadId: 0, node: process.version, resume: 0 },
    );
    assert.ok(Math.abs((startedMs as number) - performance.timeOrigin) < 1);
  });

  test('says how the runtime does, and what would be reported', async () => {
    recorder.reports(1);
    recorder.reports(4);
    recorder.connections(7);
    await until(() => intake.frames()[0]?.[2] !== undefined, 'a runtime frame with a whole window came');
    const frame = intake.frames()[0]![2]!;
    const [p50, p99, max, utilization, used, total, external, pause, connections, parts] =
      frame.kind === 'runtime' ? frame.fields : [];
    assert.ok(p50! >= 0 && p99! >= p50! && max! >= p99! && max! < 60_000);
    assert.ok(utilization! >= 0 && utilization! <= 1);
    assert.ok(used! > 1e6 && total! >= used! && external! > 0 && pause! >= 0);
    assert.deepEqual([connections, parts], [7, 5]);
  });

  test('says NaN where nothing is known', async () => {
    recorder.reports(1);
    await until(() => intake.frames()[0]?.[1] !== undefined, 'a runtime frame came');
    const frame = intake.frames()[0]![1]!;
    assert.ok(frame.kind === 'runtime' && Number.isNaN(frame.fields[8]));
  });

  test('counts what has no meaning as given up', async () => {
    recorder.request(request());
    recorder.refuse();
    recorder.refuse();
    await arrived(1);
    recorder.request(request());
    await arrived(2);
    const firsts = intake.frames()[0]!.flatMap((frame) => (frame.kind === 'events' ? [frame.first] : []));
    assert.deepEqual(firsts, [0, 3]);
  });

  test('leaves out texts that are too many to clean, and counts their events', async () => {
    let nowMs = 0;
    const busy = createRecorder(
      () => ({ path: place.path }),
      () => nowMs,
    );
    try {
      for (let i = 0; i < 150; i++) busy.query('', 'select', `select a${i}x`, 1, now, false, '');
      busy.query('', 'select', 'select a7x', 1, now, false, '');
      nowMs += 500;
      busy.query('', 'select', 'select late', 1, now, false, '');
      busy.finish();
      const texts = (await arrived(152)).map(({ b }) => b);
      assert.equal(texts.filter((text) => text !== '').length, 102);
      assert.deepEqual(texts.slice(-2), ['select a7x', 'select late']);
      assert.deepEqual(texts.slice(100, 150), Array(50).fill(''));
    } finally {
      busy.close();
    }
  });

  test('keeps the place of errors that are too many to clean where it is known, else their type', async () => {
    const nowMs = 0;
    const busy = createRecorder(
      () => ({ path: place.path }),
      () => nowMs,
    );
    const fail = (message: string) => new RangeError(message);
    try {
      for (const [message, queries] of [
        ['first', 200],
        ['second', 0],
      ] as const) {
        busy.error(fail(message), {});
        for (let k = 0; k < queries; k++) busy.query('', 'select', `select a${k}x`, 1, now, false, '');
      }
      busy.error(Object.assign(new RangeError('x'), { stack: 'RangeError: x\n    at new (/a.js:1:1)' }), {});
      busy.finish();
      const errors = (await arrived(203)).filter(({ kind }) => kind === 5);
      assert.match(errors[0]!.a, /^RangeError\0at fail/);
      assert.deepEqual([errors[1]!.a, errors[1]!.b], [errors[0]!.a, '']);
      assert.deepEqual([errors[2]!.a, errors[2]!.b], ['RangeError\0', '']);
    } finally {
      busy.close();
    }
  });

  test('takes a time without meaning for now', async () => {
    for (const timeMs of [Number.NaN, Number.POSITIVE_INFINITY, -8e15, 8e15])
      recorder.request(request({ timeMs }));
    for (const { timeMs } of await arrived(4)) assert.ok(timeMs >= now && timeMs <= Date.now());
  });

  test('takes a duration without meaning for none', async () => {
    for (const durationUs of [Number.NaN, -1, 1e12, Number.POSITIVE_INFINITY]) {
      recorder.request(request({ durationUs }));
    }
    const durations = (await arrived(4)).map(({ duration }) => duration);
    assert.deepEqual(durations, [noDuration, noDuration, noDuration - 1, noDuration - 1]);
  });

  test('takes texts of any kind', async () => {
    const texts = [
      '__proto__',
      'constructor',
      '\0\u0001\ud800',
      '😀'.repeat(5000),
      'ü'.repeat(9999),
      '12',
      'true',
    ];
    for (const text of texts) {
      recorder.request(request({ route: text, method: text, user: text, error: text }));
      recorder.query(text, text, text, 1, now, false, text);
      recorder.socketEvent(text, text, 1, now, text, text);
      recorder.job(text, text, 1, now, false, text);
      recorder.user(text, text, now);
      recorder.error(Object.assign(new Error(text), { name: text, stack: text }), {
        route: text,
        user: text,
      });
    }
    const records = await arrived(texts.length * 6);
    assert.equal(records[0]!.a, '__PROTO__\0__proto__');
    assert.equal(records[0]!.b, '__proto__');
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  test('takes what is no text', async () => {
    const odd = [undefined, null, 7, {}, Symbol('s'), () => 1] as unknown as string[];
    for (const text of odd) {
      recorder.request(request({ route: text, method: text, user: text, error: text }));
      recorder.query(text, text, text, 1, now, false, text);
      recorder.user(text, text, now);
    }
    recorder.user('ann', '', now);
    await until(() => intake.records().some(({ b, a }) => a === 'ann' && b === ''), 'the last one came');
  });
});
