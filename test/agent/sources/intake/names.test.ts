import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrameBatch } from '../../../../workers/contract/events.ts';
import { eventsFrame } from './frame-makers.ts';
import { connectTo, framesOf, handClock, instancesOf, startIntake, untilReceived } from './rig.ts';

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
  for (let tries = 0; named(batch).length === 0 && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    batch = rig.intake.take();
  }
  assert.deepEqual(named(batch), [['brief', 4]]);
});
