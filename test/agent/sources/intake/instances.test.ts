import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Instances } from '../../../../agent/sources/intake/instances.ts';
import { eventsFrame } from './frame-makers.ts';
import { connectTo, handClock, instancesOf, startIntake, untilConnected, untilReceived } from './rig.ts';

test('nothing is given while nobody was ever connected', async (t) => {
  const { intake } = await startIntake(t);
  assert.equal(intake.take(), null);
});

test('instances of one process get slots in the order in which they come', async (t) => {
  const rig = await startIntake(t);
  for (let i = 0; i < 3; i++) {
    await connectTo(t, rig.path, { startedMs: i + 1 });
    await untilConnected(rig, i + 1);
  }
  const instances = await untilConnected(rig, 3);
  assert.deepEqual(
    instances.map(({ process, worker }) => `${process}/${worker}`),
    ['crm/0', 'crm/1', 'crm/2'],
  );
  assert.equal(new Set(instances.map(({ number }) => number)).size, 3);
});

test('the first slot is a main thread’s', async (t) => {
  const rig = await startIntake(t);
  await connectTo(t, rig.path, { threadId: 3 });
  await untilConnected(rig, 1);
  await connectTo(t, rig.path, { threadId: 0 });
  const instances = await untilConnected(rig, 2);
  assert.deepEqual(
    instances.map(({ worker }) => worker),
    ['1', '0'],
  );
});

test('processes of different names have slots of their own', async (t) => {
  const rig = await startIntake(t);
  await connectTo(t, rig.path, { name: 'a' });
  await connectTo(t, rig.path, { name: 'b', startedMs: 2 });
  const instances = await untilConnected(rig, 2);
  assert.deepEqual(instances.map(({ process, worker }) => `${process}/${worker}`).sort(), ['a/0', 'b/0']);
});

test('an instance that comes back has its slot still', async (t) => {
  const rig = await startIntake(t);
  const first = await connectTo(t, rig.path, { startedMs: 1 });
  await untilConnected(rig, 1);
  await connectTo(t, rig.path, { startedMs: 2 });
  await untilConnected(rig, 2);
  await first.end();
  await connectTo(t, rig.path, { startedMs: 3 });
  await untilConnected(rig, 2);
  await connectTo(t, rig.path, { startedMs: 1 });
  const instances = await untilConnected(rig, 3);
  assert.deepEqual(instances.map(({ worker }) => worker).sort(), ['0', '1', '2']);
});

test('a slot of a process that lives is kept for 30 s and then given to another', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock });
  const first = await connectTo(t, rig.path, { startedMs: 1 });
  const [owner] = await untilConnected(rig, 1);
  await first.end();
  await untilConnected(rig, 0);
  clock.pass(29_999);
  const second = await connectTo(t, rig.path, { startedMs: 2 });
  assert.equal((await untilConnected(rig, 1))[0]?.worker, '1');
  await second.end();
  await untilConnected(rig, 0);
  clock.pass(1);
  await connectTo(t, rig.path, { startedMs: 3 });
  const [heir] = await untilConnected(rig, 1);
  assert.deepEqual(heir, owner);
});

test('a process that was restarted has the slot of its predecessor at once', async (t) => {
  const isAlive = (pid: number) => pid !== 100;
  const rig = await startIntake(t, { isAlive });
  const first = await connectTo(t, rig.path, { pid: 100 });
  const [owner] = await untilConnected(rig, 1);
  await first.end();
  await connectTo(t, rig.path, { pid: 101 });
  assert.deepEqual(await untilConnected(rig, 1), [owner]);
});

test('an owner that comes back to a slot that was given away gets another', async (t) => {
  const rig = await startIntake(t, { isAlive: () => false });
  const first = await connectTo(t, rig.path, { startedMs: 1 });
  await untilConnected(rig, 1);
  await first.end();
  await untilConnected(rig, 0);
  await connectTo(t, rig.path, { startedMs: 2 });
  await untilConnected(rig, 1);
  await connectTo(t, rig.path, { startedMs: 1 });
  const instances = await untilConnected(rig, 2);
  assert.deepEqual(instances.map(({ worker }) => worker).sort(), ['0', '1']);
});

test('the configured name of a watched process wins over what it calls itself', async (t) => {
  const rig = await startIntake(t, { processOf: (pid) => (pid === 50 ? 'app' : undefined) });
  await connectTo(t, rig.path, { pid: 50, ppid: 1, name: 'crm' });
  await connectTo(t, rig.path, { pid: 51, ppid: 50, name: 'crm' });
  await connectTo(t, rig.path, { pid: 52, ppid: 1, name: 'other' });
  const instances = await untilConnected(rig, 3);
  assert.deepEqual(instances.map(({ process }) => process).sort(), ['app', 'app', 'other']);
});

test('a process that is found later gets its name then, and its earlier frames keep theirs', async (t) => {
  let name: string | undefined;
  const rig = await startIntake(t, { processOf: () => name });
  const sender = await connectTo(t, rig.path);
  const [before] = await untilConnected(rig, 1);
  sender.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  name = 'app';
  const instances = instancesOf(rig.intake.take());
  assert.deepEqual(
    instances.map(({ process, worker }) => `${process}/${worker}`),
    ['app/0', 'crm/0'],
  );
  assert.deepEqual(instances[1], before);
  assert.deepEqual(instancesOf(rig.intake.take()), [instances[0]]);
});

test('a configured name once given stays', async (t) => {
  let name = 'app';
  const rig = await startIntake(t, { processOf: () => name });
  await connectTo(t, rig.path);
  await untilConnected(rig, 1);
  name = 'other';
  assert.equal((await untilConnected(rig, 1))[0]?.process, 'app');
});

test('one that went is named with its last frames and then no more', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  await sender.end();
  const batch = rig.intake.take()!;
  assert.equal(instancesOf(batch).length, 1);
  assert.ok(batch.bytes.length > 0);
  const after = rig.intake.take()!;
  assert.equal(after.instances, '[]');
  assert.equal(after.bytes.length, 0);
  assert.equal(rig.intake.take(), null);
});

test('the text of the instances is the same while nothing changes', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  await untilConnected(rig, 1);
  const first = rig.intake.take()!;
  sender.send(eventsFrame(0, 2));
  await untilReceived(rig, 2);
  assert.equal(rig.intake.take()!.instances, first.instances);
});

test('over 256 connections further ones are refused', async (t) => {
  const rig = await startIntake(t);
  const senders = [];
  for (let i = 0; i < 256; i++) senders.push(await connectTo(t, rig.path, { startedMs: i + 1 }));
  await untilConnected(rig, 256);
  const further = await connectTo(t, rig.path, { startedMs: 1000 });
  await further.ended;
  assert.match(rig.intake.problem!(), /256 connections are open/);
  await senders[0]!.end();
  await untilConnected(rig, 255);
  await connectTo(t, rig.path, { startedMs: 1001 });
  await untilConnected(rig, 256);
});

test('a connection without a hello is closed after 5 s, one with a hello may be silent', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock });
  const silent = await connectTo(t, rig.path, null);
  const greeted = await connectTo(t, rig.path);
  await untilConnected(rig, 1);
  clock.pass(5000);
  await silent.ended;
  clock.pass(24 * 3_600_000);
  greeted.send(eventsFrame(0));
  await untilReceived(rig, 1);
});

test('of those that went the last 1,024 are remembered', () => {
  const instances = new Instances({ processOf: () => undefined, monotonicMs: () => 0, isAlive: () => true });
  const line = { end: () => {} };
  const visit = (startedMs: number, resume: number) => {
    const hello = { version: 1, pid: 7, ppid: 1, threadId: 0, startedMs, name: 'crm', node: '', resume };
    instances.leave(instances.join(hello, line), line);
    instances.text();
  };
  for (let i = 1; i <= 1025; i++) visit(i, 0);
  visit(2, 10);
  assert.equal(instances.lost, 10);
  visit(1, 10);
  assert.equal(instances.lost, 10);
});

test('a frame that was cut off is lost when its instance is forgotten', () => {
  const instances = new Instances({ processOf: () => undefined, monotonicMs: () => 0, isAlive: () => true });
  const line = { end: () => {} };
  for (let startedMs = 1; startedMs <= 1025; startedMs++) {
    assert.equal(instances.lost, 0);
    const hello = { version: 1, pid: 7, ppid: 1, threadId: 0, startedMs, name: 'crm', node: '', resume: 10 };
    instances.leave(instances.join(hello, line), line, startedMs === 1 ? 13 : undefined);
  }
  assert.equal(instances.lost, 3);
});
