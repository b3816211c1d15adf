import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { IntakeCounts } from '../../../../agent/sources/intake/event-ledger.ts';
import { mostQueuedBytes } from '../../../../agent/sources/intake/name-queue.ts';
import type { FrameBatch } from '../../../../workers/contract/events.ts';
import { buildRuntimeFrame, joinFrames } from '../../../support/frames.ts';
import { untilTrue } from '../../../support/servers.ts';
import { eventsFrame, helloFrame } from './frame-makers.ts';
import {
  connectTo,
  countBatch,
  handClock,
  instancesOf,
  type Rig,
  startIntake,
  testFolder,
  untilConnected,
  untilProblem,
  untilReceived,
  untilSteady,
} from './rig.ts';
import '../../../support/watchdog.ts';

/** Checks the ledger of events and gives it. */
function counted({ intake }: Rig): IntakeCounts {
  const counts = intake.counts();
  const { received, kept, waiting, unreadable, workerFailed, overflowed } = counts;
  assert.equal(received, kept + waiting + unreadable + workerFailed + overflowed);
  return counts;
}

test('events are received, wait, and are kept when their batch is settled', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 3));
  await untilReceived(rig, 3);
  assert.deepEqual({ ...counted(rig) }, { ...nothing, received: 3, waiting: 3 });
  const batch = rig.intake.take()!;
  assert.deepEqual({ ...counted(rig) }, { ...nothing, received: 3, waiting: 3 });
  rig.intake.settle(batch, countBatch(batch));
  assert.deepEqual({ ...counted(rig) }, { ...nothing, received: 3, kept: 3 });
});

test('what the service gave up is counted as lost', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 3), eventsFrame(10, 2), eventsFrame(12, 1), eventsFrame(20, 1));
  await untilReceived(rig, 7);
  assert.equal(counted(rig).lost, 7 + 7);
});

test('a runtime frame tells of events that were given up', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 3), buildRuntimeFrame(0, {}, 8));
  await untilTrue(() => assert.equal(counted(rig).lost, 5));
  sender.send(eventsFrame(8, 1));
  await untilReceived(rig, 4);
  assert.equal(counted(rig).lost, 5);
});

test('what was made before the first connection is not lost', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path, { resume: 1000 });
  sender.send(eventsFrame(1000, 2), eventsFrame(1005, 1));
  await untilReceived(rig, 3);
  assert.equal(counted(rig).lost, 3);
});

test('what was handed to a connection that broke is lost, as the next hello of that instance tells', async (t) => {
  const rig = await startIntake(t);
  const first = await connectTo(t, rig.path);
  first.send(eventsFrame(0, 4));
  await untilReceived(rig, 4);
  await first.end();
  const second = await connectTo(t, rig.path, { resume: 9 });
  second.send(eventsFrame(9, 1));
  await untilReceived(rig, 5);
  assert.equal(counted(rig).lost, 5);
});

/** A service that made 4 events, and then 6 of which a part has come when its connection breaks. */
async function cutOff(t: TestContext, rig: Rig): Promise<void> {
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 4), eventsFrame(4, 6).subarray(0, 80));
  await untilReceived(rig, 4);
  await sender.end();
  await untilConnected(rig, 0);
}

test('a frame that is cut off is not lost when its service comes back and sends it again', async (t) => {
  const rig = await startIntake(t);
  await cutOff(t, rig);
  const second = await connectTo(t, rig.path, { resume: 4 });
  second.send(eventsFrame(4, 6), eventsFrame(10, 1));
  await untilReceived(rig, 11);
  assert.equal(counted(rig).lost, 0);
});

test('a frame that is cut off is lost when its service comes back without it', async (t) => {
  const rig = await startIntake(t);
  await cutOff(t, rig);
  const second = await connectTo(t, rig.path, { resume: 12 });
  second.send(eventsFrame(12, 1));
  await untilReceived(rig, 5);
  assert.equal(counted(rig).lost, 8);
});

test('a frame that is cut off is lost, once, when its process is gone for 30 s', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock, isAlive: () => false });
  await cutOff(t, rig);
  clock.pass(29_999);
  rig.intake.take();
  assert.equal(counted(rig).lost, 0);
  clock.pass(1);
  rig.intake.take();
  assert.equal(counted(rig).lost, 6);
  rig.intake.take();
  assert.equal(counted(rig).lost, 6);
});

test('a frame that is cut off is waited for as long as its process lives', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock, isAlive: () => true });
  await cutOff(t, rig);
  clock.pass(3_600_000);
  rig.intake.take();
  assert.equal(counted(rig).lost, 0);
});

test('a frame that the end of the agent cuts off is not lost when the next run gets it', async (t) => {
  const dataDir = await testFolder(t);
  const first = await startIntake(t, { dataDir });
  const sender = await connectTo(t, first.path);
  sender.send(eventsFrame(0, 4), eventsFrame(4, 6).subarray(0, 80));
  await untilReceived(first, 4);
  await first.intake.close();
  assert.equal(counted(first).lost, 0);

  const second = await startIntake(t, { dataDir });
  const again = await connectTo(t, second.path, { resume: 4 });
  again.send(eventsFrame(4, 6));
  await untilReceived(second, 6);
  assert.equal(counted(second).lost, 0);
});

test('a frame that the end of the agent cuts off is lost when its process has ended meanwhile', async (t) => {
  const dataDir = await testFolder(t);
  const first = await startIntake(t, { dataDir });
  const sender = await connectTo(t, first.path);
  sender.send(eventsFrame(0, 4), eventsFrame(4, 6).subarray(0, 80));
  await untilReceived(first, 4);
  await first.intake.close();

  const clock = handClock();
  const second = await startIntake(t, { dataDir, clock, isAlive: () => false });
  clock.pass(30_000);
  second.intake.take();
  assert.equal(counted(second).lost, 6);
});

test('a wrong header that comes in pieces says nothing of what is lost', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  const wrong = Buffer.from(eventsFrame(4, 6));
  wrong.writeUInt32LE(4_000_000, 8);
  sender.send(eventsFrame(0, 4), wrong.subarray(0, 20));
  await untilReceived(rig, 4);
  sender.send(wrong.subarray(20));
  await sender.ended;
  const second = await connectTo(t, rig.path, { resume: 4, startedMs: 2 });
  second.send(eventsFrame(4, 1));
  await untilReceived(rig, 5);
  assert.equal(counted(rig).lost, 0);
});

test('events that have no room are dropped and counted', async (t) => {
  const rig = await startIntake(t, { clock: handClock(), nameWithinMs: 5000 });
  for (let i = 1; i <= 8; i++) {
    const other = await connectTo(t, rig.path, { startedMs: i + 10 });
    for (let n = 0; n < 5; n++) other.send(eventsFrame(n * 4000, 4000));
  }
  await untilSteady(() => counted(rig).received);
  // What comes with a hello is taken before anyone has to wait.
  for (let times = 0; counted(rig).overflowed === 0; times++) {
    assert.ok(times < 50);
    const before = counted(rig).received;
    for (let i = 0; i < 50; i++) {
      const sender = await connectTo(t, rig.path, null);
      sender.send(joinFrames(helloFrame(), eventsFrame(0, 200)));
    }
    await untilReceived(rig, before + 50 * 200);
  }
  const { overflowed } = counted(rig);
  assert.equal(overflowed % 200, 0);
  const { values } = await rig.intake.read({ timeMs: 0, slow: false });
  assert.equal(values.at(-1), overflowed);
  assert.ok(counted(rig).waiting <= mostQueuedBytes / 16);
});

test('another instance that comes with a reused pid begins anew', async (t) => {
  const rig = await startIntake(t);
  const first = await connectTo(t, rig.path, { startedMs: 1 });
  first.send(eventsFrame(0, 4));
  await untilReceived(rig, 4);
  await first.end();
  const second = await connectTo(t, rig.path, { startedMs: 2, resume: 50 });
  second.send(eventsFrame(50, 1));
  await untilReceived(rig, 5);
  assert.equal(counted(rig).lost, 0);
});

test('the newer of two connections of one instance stays', async (t) => {
  const rig = await startIntake(t);
  const older = await connectTo(t, rig.path);
  older.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  const newer = await connectTo(t, rig.path, { resume: 2 });
  await older.ended;
  newer.send(eventsFrame(2, 3));
  await untilReceived(rig, 5);
  assert.equal(counted(rig).lost, 0);
  assert.equal((await untilConnected(rig, 1)).length, 1);
});

test('refused records are unreadable and their sender is cut off, no other', async (t) => {
  const rig = await startIntake(t);
  const good = await connectTo(t, rig.path, { startedMs: 1 });
  const bad = await connectTo(t, rig.path, { startedMs: 2, name: 'odd' });
  good.send(eventsFrame(0, 2));
  bad.send(eventsFrame(0, 5));
  await untilReceived(rig, 7);
  const batch = rig.intake.take()!;
  const { number } = instancesOf(batch).find(({ process }) => process === 'odd')!;
  const offenders = [{ number, problem: 'a text runs over its frame' }];
  rig.intake.settle(batch, { records: 7, refused: 5, offenders });
  assert.deepEqual({ ...counted(rig) }, { ...nothing, received: 7, kept: 2, unreadable: 5 });
  await bad.ended;
  await untilProblem(rig, /^closed the connection of pid \d+ \(odd\): a text runs over its frame$/);
  good.send(eventsFrame(2, 1));
  await untilReceived(rig, 8);
});

test('a batch that the worker failed on is dropped, once', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 10));
  await untilReceived(rig, 10);
  const batch = rig.intake.take()!;
  rig.intake.noteFailed(batch);
  assert.deepEqual({ ...counted(rig) }, { ...nothing, received: 10, workerFailed: 10 });
  rig.intake.noteFailed(batch);
  assert.deepEqual({ ...counted(rig) }, { ...nothing, received: 10, workerFailed: 10 });
});

test('a batch handed over between ticks that fails is dropped, counted and told', async (t) => {
  const handOver = async (_: FrameBatch) => {
    throw new Error('the worker is replaced');
  };
  const rig = await startIntake(t, { handOver });
  const sender = await connectTo(t, rig.path);
  for (let i = 0; i < 20; i++) sender.send(eventsFrame(i * 4000, 4000));
  await untilReceived(rig, 80_000);
  await untilProblem(rig, /a batch could not be processed: the worker is replaced/);
  assert.ok(counted(rig).workerFailed > 0);
});

test('what has come is still there to be taken after the end', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 3));
  await untilReceived(rig, 3);
  await rig.intake.close();
  await sender.ended;
  const batch = rig.intake.take()!;
  assert.equal(countBatch(batch).records, 3);
  assert.equal(instancesOf(batch).length, 1);
});

test('a later run goes on counting where an earlier one ended', async (t) => {
  const dataDir = await testFolder(t);
  const first = await startIntake(t, { dataDir });
  await connectTo(t, first.path, { startedMs: 7, name: 'other' });
  await untilConnected(first, 1);
  const sender = await connectTo(t, first.path);
  sender.send(eventsFrame(0, 4));
  await untilReceived(first, 4);
  const [, before] = await untilConnected(first, 2);
  await first.intake.close();

  const second = await startIntake(t, { dataDir });
  const again = await connectTo(t, second.path, { resume: 9 });
  again.send(eventsFrame(9, 2));
  await untilReceived(second, 2);
  assert.equal(counted(second).lost, 5);
  const [after] = await untilConnected(second, 1);
  assert.deepEqual([after?.process, after?.worker], [before?.process, before?.worker]);
});

test('a run after one that did not end in order counts from the hello on', async (t) => {
  const dataDir = await testFolder(t);
  const first = await startIntake(t, { dataDir });
  await connectTo(t, first.path);
  await untilConnected(first, 1);
  await first.intake.close();
  assert.deepEqual(await readdir(dataDir), ['intake.json']);
  await startIntake(t, { dataDir });
  assert.deepEqual(await readdir(dataDir), []);
});

for (const text of ['', '[', '{}', 'null', '[1, null, {}, {"hello": {}}]']) {
  test(`a memory of ${JSON.stringify(text)} is as good as none`, async (t) => {
    const dataDir = await testFolder(t);
    await writeFile(join(dataDir, 'intake.json'), text);
    const rig = await startIntake(t, { dataDir });
    const sender = await connectTo(t, rig.path, { resume: 9 });
    sender.send(eventsFrame(9, 2));
    await untilReceived(rig, 2);
    assert.equal(counted(rig).lost, 0);
  });
}

test('a reading tells the counts', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 3), eventsFrame(5, 2));
  await untilReceived(rig, 5);
  const batch = rig.intake.take()!;
  rig.intake.settle(batch, { records: 5, refused: 2, offenders: [] });
  const { layout, values } = await rig.intake.read({ timeMs: 0, slow: false });
  const points = JSON.parse(layout) as { measurement: string; tags: object; fields: string[] }[];
  assert.deepEqual(
    points.map(({ measurement, tags, fields }, i) => [measurement, tags, fields, values[i]]),
    [
      ['agent', { source: 'intake/events' }, ['events_received_total'], 5],
      ['agent', { source: 'intake/events', reason: 'service' }, ['events_dropped_total'], 2],
      ['agent', { source: 'intake/events', reason: 'unreadable' }, ['events_dropped_total'], 2],
      ['agent', { source: 'intake/events', reason: 'worker_failed' }, ['events_dropped_total'], 0],
      ['agent', { source: 'intake/events', reason: 'overflow' }, ['events_dropped_total'], 0],
    ],
  );
});

const nothing: IntakeCounts = {
  ...{ received: 0, kept: 0, waiting: 0, unreadable: 0, workerFailed: 0, overflowed: 0, lost: 0 },
};
