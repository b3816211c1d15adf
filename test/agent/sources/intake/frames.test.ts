import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameKind } from '../../../../workers/contract/wire.ts';
import { buildRuntimeFrame, joinFrames } from '../../../support/frames.ts';
import { eventsFrame, frameOf, helloFrame } from './frame-makers.ts';
import { connectTo, framesOf, instancesOf, startIntake, untilProblem, untilReceived } from './rig.ts';

test('frames come out byte for byte, with the number of their instance', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  const sent = [eventsFrame(0, 3), buildRuntimeFrame(0, { HEAP_USED_BYTES: 7 }, 3), eventsFrame(3, 2, '/ż')];
  sender.send(...sent);
  await untilReceived(rig, 5);
  const batch = rig.intake.take()!;
  const frames = framesOf(batch);
  const [instance] = instancesOf(batch);
  assert.equal(batch.bytes.byteOffset % 8, 0);
  assert.deepEqual(
    frames.map((frame) => frame.instance),
    [instance!.number, instance!.number, instance!.number],
  );
  for (const [i, { bytes }] of frames.entries()) {
    bytes.writeUInt32LE(0, 32);
    assert.deepEqual(new Uint8Array(bytes), sent[i]);
  }
});

test('frames that come a byte at a time are whole', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path, null);
  sender.socket.setNoDelay(true);
  const bytes = joinFrames(helloFrame(), eventsFrame(0, 2), eventsFrame(2, 5));
  for (const byte of bytes) {
    await new Promise((resolve) => sender.socket.write(Uint8Array.of(byte), resolve));
  }
  await untilReceived(rig, 7);
  assert.deepEqual(
    framesOf(rig.intake.take()!).map(({ records }) => records),
    [2, 5],
  );
});

test('frames cut at any place are whole', async (t) => {
  const rig = await startIntake(t);
  const bytes = joinFrames(helloFrame({ startedMs: 5 }), eventsFrame(0, 2), eventsFrame(2, 5));
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const sender = await connectTo(t, rig.path, null);
    const before = rig.intake.counts().received;
    await new Promise((resolve) => sender.socket.write(bytes.subarray(0, cut), resolve));
    await new Promise((resolve) => setImmediate(resolve));
    sender.send(bytes.subarray(cut));
    await untilReceived(rig, before + 7);
    await sender.end();
  }
  const frames = framesOf(rig.intake.take()!);
  assert.ok(frames.length > 0);
  assert.ok(frames.every(({ records, first }) => (first === 0 ? records === 2 : records === 5)));
});

test('the longest frame is taken', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path);
  const frame = Buffer.alloc(65_536);
  frame.set(eventsFrame(0, 4000));
  frame.writeUInt32LE(65_536, 0);
  sender.send(frame, frame);
  await untilReceived(rig, 8000);
  assert.equal(rig.intake.take()!.bytes.length, 2 * 65_536);
});

const bad: readonly (readonly [name: string, bytes: Uint8Array, says: RegExp])[] = [
  ['a frame over 64 KB', changed(0, 65_544), /a frame of 65544 bytes; it takes 40 to 65536/],
  ['a frame shorter than its header', changed(0, 32), /a frame of 32 bytes/],
  ['a length that is no multiple of 8', changed(0, 61), /a frame of 61 bytes/],
  ['an unknown kind', changed(4, 9), /a frame of kind 9/],
  ['a second hello', helloFrame(), /a frame of kind 1/],
  ['more records than there is room for', changed(8, 60_000), /60000 records in a frame of kind 2/],
  ['so many records that their bytes overflow 32 bits', changed(8, 0x1000_0001), /268435457 records/],
  ['a runtime frame with records', runtimeWithRecords(), /1 records in a frame of kind 3/],
  ['a FIRST that is not a number', withFirst(Number.NaN), /does not say where it begins/],
  ['a FIRST below zero', withFirst(-1), /does not say where it begins/],
  ['a FIRST that is infinite', withFirst(Number.POSITIVE_INFINITY), /does not say where it begins/],
];
for (const [name, bytes, says] of bad) {
  test(`${name} closes that connection alone`, async (t) => {
    const rig = await startIntake(t);
    const other = await connectTo(t, rig.path, { startedMs: 2 });
    const sender = await connectTo(t, rig.path);
    sender.send(bytes);
    await sender.ended;
    await untilProblem(rig, says);
    await untilProblem(rig, new RegExp(`^closed the connection of pid ${process.pid} \\(crm\\): `));
    other.send(eventsFrame(0, 3));
    await untilReceived(rig, 3);
    assert.equal(rig.intake.counts().received, 3);
  });
}

test('what was whole before the bad frame is kept', async (t) => {
  const rig = await startIntake(t);
  const sender = await connectTo(t, rig.path, null);
  sender.send(joinFrames(helloFrame(), eventsFrame(0, 4), changed(4, 9), eventsFrame(4, 1)));
  await sender.ended;
  assert.equal(rig.intake.counts().received, 4);
});

const badHellos: readonly (readonly [name: string, frame: Uint8Array, says: RegExp])[] = [
  ['no hello at all', eventsFrame(0), /its first frame is no hello/],
  ['a hello that is not JSON', frameOf(frameKind.HELLO, Buffer.from('{"version":1')), /is not JSON/],
  ['a hello that is not UTF-8', frameOf(frameKind.HELLO, Buffer.from([0x22, 0xff, 0x22])), /is not JSON/],
  ['a hello that is a list', frameOf(frameKind.HELLO, Buffer.from('[1]')), /is not a JSON object/],
  ['a hello that is null', frameOf(frameKind.HELLO, Buffer.from('null')), /is not a JSON object/],
  ['an older version', helloFrame({ version: 0 }), /pid \d+ speaks version 0 .* and this agent version 1/],
  ['a later version', helloFrame({ version: 2 }), /speaks version 2 of the wire format/],
  ['a version that is text', helloFrame({ version: '1' }), /speaks no version/],
  ['a pid that is no whole number', helloFrame({ pid: 1.5 }), /has no pid/],
  [
    'a pid that only a prototype has',
    helloFrame({ pid: undefined, ['__proto__']: { pid: 1 } }),
    /has no pid/,
  ],
  ['a resume below zero', helloFrame({ resume: -1 }), /has no resume/],
  ['a start time that is text', helloFrame({ startedMs: 'x' }), /has no startedMs/],
  ['a name that is a map', helloFrame({ name: {} }), /has no name/],
  ['a hello over 4 KB', helloFrame({ name: 'x'.repeat(5000) }), /a hello of \d+ bytes/],
];
for (const [name, frame, says] of badHellos) {
  test(`${name} closes the connection`, async (t) => {
    const rig = await startIntake(t);
    const sender = await connectTo(t, rig.path, null);
    sender.send(frame);
    await sender.ended;
    await untilProblem(rig, says);
    assert.equal(rig.intake.take(), null);
  });
}

test('what goes wrong while data are taken closes that connection alone', async (t) => {
  const processOf = (pid: number) => {
    if (pid === 4711) throw new Error('no such cell');
    return undefined;
  };
  const rig = await startIntake(t, { processOf });
  const other = await connectTo(t, rig.path);
  const sender = await connectTo(t, rig.path, { pid: 4711 });
  await sender.ended;
  await untilProblem(rig, /what it sent could not be taken: no such cell/);
  other.send(eventsFrame(0, 3));
  await untilReceived(rig, 3);
});

test('keys of a hello that mean nothing change nothing', async (t) => {
  const rig = await startIntake(t);
  const text = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"version":1,"pid":7,"ppid":1,
    "threadId":0,"startedMs":1,"name":"crm","node":"v20","resume":0}`;
  const sender = await connectTo(t, rig.path, null);
  sender.send(frameOf(frameKind.HELLO, Buffer.from(text)), eventsFrame(0));
  await untilReceived(rig, 1);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

for (const [given, shown] of [
  ['@nova/crm api', 'nova-crm-api'],
  ['a\nb\u001b[31m"x"', 'a-b-31m-x-'],
  ['', 'service'],
  ['///', 'service'],
  ['__proto__', '__proto__'],
  ['żółw.js', 'żółw.js'],
  ['x'.repeat(100), 'x'.repeat(64)],
  ['\ud800ab', 'ab'],
]) {
  test(`the name ${JSON.stringify(given!.slice(0, 20))} is shown as ${shown!.slice(0, 20)}`, async (t) => {
    const rig = await startIntake(t);
    const sender = await connectTo(t, rig.path, { name: given! });
    sender.send(eventsFrame(0));
    await untilReceived(rig, 1);
    assert.equal(instancesOf(rig.intake.take())[0]?.process, shown);
    assert.ok(
      rig.lines.every((line) => /^[^\p{Cc}]+\n$/u.test(line)),
      rig.lines.join(''),
    );
  });
}

function changed(at: number, value: number): Uint8Array {
  const frame = Buffer.from(eventsFrame(0, 2));
  frame.writeUInt32LE(value, at);
  return frame;
}

function runtimeWithRecords(): Uint8Array {
  const frame = Buffer.from(buildRuntimeFrame(0, {}));
  frame.writeUInt32LE(1, 8);
  return frame;
}

function withFirst(first: number): Uint8Array {
  const frame = Buffer.from(eventsFrame(0, 2));
  frame.writeDoubleLE(first, 16);
  return frame;
}
