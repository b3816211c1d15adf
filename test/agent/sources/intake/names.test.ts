import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostQueuedBytes } from '../../../../agent/sources/intake/name-queue.ts';
import type { FrameBatch } from '../../../../workers/contract/events.ts';
import { untilTrue } from '../../../support/servers.ts';
import { startService } from './children.ts';
import { eventsFrame } from './frame-makers.ts';
import {
  connectTo,
  countBatch,
  framesOf,
  handClock,
  instancesOf,
  startIntake,
  untilReceived,
  untilSteady,
} from './rig.ts';
import '../../../support/watchdog.ts';

/** Process and records of each frame. */
function named(batch: FrameBatch | null): (readonly [process: string | undefined, records: number])[] {
  const instances = instancesOf(batch);
  return (batch ? framesOf(batch) : []).map(({ instance, records }) => [
    instances.find(({ number }) => number === instance)?.process,
    records,
  ]);
}

test('what a watched process sends before it was found is counted under its configured name', async (t) => {
  let found = false;
  const processOf = (pid: number) => (found && pid === 4711 ? 'crm' : undefined);
  const rig = await startIntake(t, { clock: handClock(), processOf, nameWithinMs: 5000 });
  const sender = await connectTo(t, rig.path, { pid: 4711, ppid: 1, name: 'package-name' });
  sender.send(eventsFrame(0, 3), eventsFrame(3, 2));
  await untilReceived(rig, 5);
  assert.deepEqual(named(rig.intake.take()), [], 'it waits for the name');
  assert.equal(rig.intake.counts().waiting, 5);
  found = true;
  assert.deepEqual(named(rig.intake.take()), [
    ['crm', 3],
    ['crm', 2],
  ]);
  sender.send(eventsFrame(5));
  await untilReceived(rig, 6);
  assert.deepEqual(named(rig.intake.take()), [['crm', 1]]);
});

test('who is not found in time is counted under its own name', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock, nameWithinMs: 5000 });
  const sender = await connectTo(t, rig.path, { name: 'other' });
  sender.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  assert.deepEqual(named(rig.intake.take()), []);
  clock.pass(5000);
  assert.deepEqual(named(rig.intake.take()), [['other', 2]]);
});

test('who goes before it is found is counted all the same', async (t) => {
  const rig = await startIntake(t, { clock: handClock(), nameWithinMs: 5000 });
  const sender = await connectTo(t, rig.path, { name: 'brief' });
  sender.send(eventsFrame(0, 4));
  await untilReceived(rig, 4);
  assert.deepEqual(named(rig.intake.take()), []);
  await sender.end();
  let batch = rig.intake.take();
  for (let tries = 0; named(batch).length === 0 && tries < 3000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    batch = rig.intake.take();
  }
  assert.deepEqual(named(batch), [['brief', 4]]);
});

test('each one waits for its own name, however many come after it', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock, nameWithinMs: 5000 });
  const first = await connectTo(t, rig.path, { name: 'first' });
  first.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  clock.pass(4000);
  const second = await connectTo(t, rig.path, { name: 'second', startedMs: 2 });
  second.send(eventsFrame(0, 3));
  await untilReceived(rig, 5);
  clock.pass(1000);
  assert.deepEqual(named(rig.intake.take()), [['first', 2]]);
  clock.pass(4000);
  assert.deepEqual(named(rig.intake.take()), [['second', 3]]);
});

test('who connects again does not wait longer', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock, nameWithinMs: 5000 });
  const first = await connectTo(t, rig.path, { name: 'other' });
  first.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  clock.pass(4999);
  const second = await connectTo(t, rig.path, { name: 'other', resume: 2 });
  second.send(eventsFrame(2, 1));
  await untilReceived(rig, 3);
  assert.deepEqual(named(rig.intake.take()), []);
  clock.pass(1);
  assert.deepEqual(named(rig.intake.take()), [
    ['other', 2],
    ['other', 1],
  ]);
});

test('a flood from one without a name makes that one wait, and none that has its own', async (t) => {
  const clock = handClock();
  const processOf = (pid: number) => (pid === 4711 ? 'crm' : undefined);
  const rig = await startIntake(t, { clock, processOf, nameWithinMs: 5000 });
  const flood = startService(t, rig.path, 1e9, 4000);
  await untilReceived(rig, 256 * 64);
  await untilSteady(() => rig.intake.counts().received);
  assert.ok(rig.intake.counts().waiting < 1e5);
  const known = await connectTo(t, rig.path, { pid: 4711 });
  for (let i = 0; i < 1000; i++) known.send(eventsFrame(i * 1000, 1000));
  const before = rig.intake.counts().received;
  await untilTrue(() => {
    const batch = rig.intake.take();
    if (batch) rig.intake.settle(batch, countBatch(batch));
    assert.equal(rig.intake.counts().received, before + 1e6);
  });
  assert.ok((await flood.made()) < 1e6, 'it waits');
  clock.pass(5000);
  const batch = rig.intake.take()!;
  rig.intake.settle(batch, countBatch(batch));
  await untilReceived(rig, before + 2e6);
  assert.deepEqual([rig.intake.counts().lost, rig.intake.counts().overflowed], [0, 0]);
});

test('a flood from many without a name has a bound together, and nothing of it is lost', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock, nameWithinMs: 5000, handOver: () => new Promise(() => {}) });
  const frames = 60;
  const senders = [];
  for (let i = 0; i < 40; i++) {
    const sender = await connectTo(t, rig.path, { startedMs: i + 1 });
    for (let n = 0; n < frames; n++) sender.send(eventsFrame(n * 1000, 1000));
    senders.push(sender);
  }
  await untilSteady(() => rig.intake.counts().received);
  assert.ok(rig.intake.counts().waiting * 16 <= mostQueuedBytes);
  clock.pass(5000);
  await untilTrue(() => {
    const batch = rig.intake.take();
    if (batch) rig.intake.settle(batch, countBatch(batch));
    clock.pass(5000);
    assert.equal(rig.intake.counts().received, 40 * frames * 1000);
  });
  assert.deepEqual([rig.intake.counts().lost, rig.intake.counts().overflowed], [0, 0]);
});
