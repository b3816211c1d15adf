import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createRecorder, type StreamingRecorder } from '../../../agent/instrument/event-recorder.ts';
import { accountOf, type ReadFrame } from './frame-reader.ts';
import { Intake, type Place, temporaryPlace, until } from './intake.ts';
import '../../support/watchdog.ts';

describe('frame stream', () => {
  let place: Place;
  let intakes: Intake[];
  let recorder: StreamingRecorder;
  let made: number;

  beforeEach(() => {
    place = temporaryPlace();
    intakes = [];
    made = 0;
    recorder = createRecorder(() => ({ path: place.path }));
  });
  afterEach(async () => {
    recorder.close();
    for (const intake of intakes) await intake.close();
    place.remove();
  });

  async function listen(options?: { isReading: boolean }): Promise<Intake> {
    const intake = await Intake.listen(place.path, options);
    intakes.push(intake);
    return intake;
  }

  function make(count: number): void {
    for (let i = 0; i < count; i++) recorder.query('Contact', 'findMany', '', 100, Date.now(), false, '');
    made += count;
  }

  const frames = (): ReadFrame[][] => intakes.flatMap((intake) => intake.frames());

  /** Waits until what was received and what was lost is all that was made. */
  async function accounted() {
    await until(() => {
      const { received, lost } = accountOf(frames());
      return received + lost === made;
    }, 'all was accounted for');
    return accountOf(frames());
  }

  test('keeps events while nobody listens, and sends them when somebody does', async () => {
    make(1000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await listen();
    assert.deepEqual(await accounted(), { received: 1000, lost: 0 });
  });

  test('holds at most 1 MB while nobody listens, and tells the rest exactly', async () => {
    make(200_000);
    await listen();
    await until(() => frames().flat().length > 2, 'it connected');
    make(1);
    const { received, lost } = await accounted();
    assert.equal(received + lost, 200_001);
    const bytes = frames()
      .flat()
      .reduce((sum, frame) => sum + (frame.kind === 'events' ? frame.byteLength : 0), 0);
    assert.ok(bytes > 250_000 && bytes < 1_048_576, `${bytes} bytes were held`);
    assert.ok(lost > 130_000);
  });

  test('gives up the oldest while nobody listens, and sends the newest', async () => {
    for (let i = 0; i < 200_000; i++) recorder.query('', 'x', '', i, Date.now(), false, '');
    await listen();
    await until(() => frames().flat().length > 2, 'it connected');
    await until(() => intakes[0]!.records().at(-1)?.duration === 199_999, 'the last one came');
    const durations = intakes[0]!.records().map(({ duration }) => duration);
    assert.ok(durations.every((duration, i) => duration === durations[0]! + i));
    const hello = frames()[0]![0]!;
    assert.ok(hello.kind === 'hello' && hello.hello.resume === 0);
    assert.deepEqual(accountOf(frames()), { received: durations.length, lost: durations[0] });
  });

  test('holds at most 1 MB beside what the kernel has while the agent does not read', async () => {
    const intake = await listen({ isReading: false });
    recorder.reports(2);
    await until(() => intake.sockets.length === 1, 'it connected');
    for (let i = 0; i < 40; i++) {
      make(10_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    intake.read();
    await until(() => accountOf(frames()).received > 0, 'something came');
    make(1);
    const { lost } = await accounted();
    assert.ok(lost > 300_000 && lost < 390_000, `${lost} were given up`);
  });

  test('loses nothing to a slow reader that has room in time', async () => {
    const intake = await listen();
    recorder.reports(2);
    await until(() => intake.sockets.length === 1, 'it connected');
    for (let i = 0; i < 10; i++) {
      intake.sockets[0]!.pause();
      make(15_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      intake.sockets[0]!.resume();
      await until(() => accountOf(frames()).received > made - 10_000, 'most was read');
    }
    assert.deepEqual(await accounted(), { received: 150_000, lost: 0 });
  });

  test('comes back after a lost connection, and sends what was made meanwhile', async () => {
    const intake = await listen();
    make(10);
    await until(() => intake.records().length === 10, 'the first came');
    await intake.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    make(5);
    await listen();
    assert.deepEqual(await accounted(), { received: 15, lost: 0 });
  });

  test('tells exactly what a reader that goes away in the middle has not read', async () => {
    for (let round = 0; round < 6; round++) {
      const intake = await listen();
      make(1);
      await until(() => intake.sockets.length > 0, 'it connected');
      make(5000 + round * 777);
      await new Promise((resolve) => setTimeout(resolve, round));
      make(20_000);
      await intake.close();
      make(333);
    }
    await listen();
    await until(() => intakes.at(-1)!.frames().length > 0, 'it came back');
    const { received, lost } = await accounted();
    assert.equal(received + lost, made);
    assert.ok(received > 0);
  });

  test('sends the frame that was cut off by a lost connection again, from its beginning', async () => {
    const stuck = await listen({ isReading: false });
    recorder.reports(2);
    await until(() => stuck.sockets.length === 1, 'it connected');
    make(30_000);
    // The kernel's buffer is full by now, and ends in the middle of a frame.
    await stuck.close();
    await listen();
    const { lost } = await accounted();
    const resumed = intakes[1]!.frames()[0]![0]!;
    assert.ok(resumed.kind === 'hello' && resumed.hello.resume === lost && lost > 0 && lost % 1 === 0);
    const first = intakes[1]!.frames()[0]!.find((frame) => frame.kind === 'events')!;
    assert.equal(first.kind === 'events' && first.first, lost);
  });

  test('goes on trying when the agent ends every connection at once', async () => {
    const intake = await listen();
    recorder.reports(2);
    for (let i = 0; i < 3; i++) {
      await until(() => intake.sockets.length > i, 'it came back');
      intake.sockets[i]!.destroy();
    }
  });

  test('sends over TCP', async () => {
    const intake = await Intake.listen(0);
    const overTcp = createRecorder(() => ({ host: '127.0.0.1', port: intake.port }));
    try {
      overTcp.user('ann', '', Date.now());
      await until(() => intake.records().length === 1, 'it came');
    } finally {
      overTcp.close();
      await intake.close();
    }
  });

  test('survives a net that somebody replaced', () => {
    const original = net.connect;
    const fakes = [() => undefined, () => ({}), () => Promise.reject.call(null)];
    try {
      for (const fake of fakes) {
        net.connect = fake as never;
        syncBuiltinESMExports();
        const lost = createRecorder(() => ({ path: place.path }));
        lost.user('ann', '', Date.now());
        lost.finish();
        lost.close();
      }
    } finally {
      net.connect = original;
      syncBuiltinESMExports();
    }
  });

  test('survives addresses that have no meaning', () => {
    for (const address of [{ path: '\0' }, { path: '' }, { path: 'x'.repeat(500) }, { port: -1 }, null]) {
      const lost = createRecorder(() => address as never);
      lost.user('ann', '', Date.now());
      lost.finish();
      lost.close();
    }
    const failing = createRecorder(() => {
      throw new Error('no address');
    });
    failing.user('ann', '', Date.now());
    failing.close();
  });
});
