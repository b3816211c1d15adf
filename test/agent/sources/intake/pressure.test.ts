import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { BatchResult, FrameBatch } from '../../../../workers/contract/events.ts';
import { untilTrue } from '../../../support/servers.ts';
import { startService } from './children.ts';
import { eventsFrame } from './frame-makers.ts';
import {
  connectTo,
  countBatch,
  framesOf,
  type Rig,
  startIntake,
  untilConnected,
  untilReceived,
  untilSteady,
} from './rig.ts';
import '../../../support/watchdog.ts';

const megabyte = 1 << 20;
const recordsAFrame = 4000;

for (const [also, nameWithinMs] of [
  ['', 0],
  [', also of those that wait for a name first', 300],
] as const) {
  test(`more than 1 MB between ticks is handed over by itself, and nothing is lost or out of order${also}`, async (t) => {
    let next = 0;
    let handedOver = 0;
    const check = (batch: FrameBatch) => {
      for (const { first, records } of framesOf(batch)) {
        assert.equal(first, next);
        next = first + records;
      }
    };
    const handOver = async (batch: FrameBatch) => {
      assert.ok(batch.bytes.length >= megabyte);
      handedOver++;
      check(batch);
      const result = countBatch(batch);
      // A worker takes its time; nobody may write there meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual(countBatch(batch), result);
      return result;
    };
    const rig = await startIntake(t, { nameWithinMs, handOver });
    startService(t, rig.path, 2_000_000, recordsAFrame);
    await untilNamed(rig, 100_000, check);
    await untilReceived(rig, 2_000_000);
    await untilTrue(() => {
      takeAll(rig, check);
      const { kept, lost, workerFailed } = rig.intake.counts();
      assert.deepEqual([kept, lost, workerFailed], [2_000_000, 0, 0]);
    });
    assert.ok(handedOver > 0);
  });

  test(`while the worker is stuck services wait, memory is bounded, and all comes in afterwards${also}`, async (t) => {
    const stuck: { batch: FrameBatch; free: (result: BatchResult) => void }[] = [];
    const handOver = (batch: FrameBatch) =>
      new Promise<BatchResult>((resolve) => stuck.push({ batch, free: resolve }));
    const rig = await startIntake(t, { nameWithinMs, handOver });
    const events = 3_000_000;
    const services = [0, 1, 2].map(() => startService(t, rig.path, events / 3, recordsAFrame));
    const mostEvents = (8 * megabyte) / 16;
    await untilNamed(rig, 100_000);
    await untilReceived(rig, (4 * megabyte) / 16);
    await untilSteady(() => rig.intake.counts().received);
    assert.equal(stuck.length, 1);
    assert.ok(rig.intake.counts().waiting <= mostEvents);
    for (const service of services) assert.ok((await service.made()) < events / 3, 'the service waits');
    await untilTrue(() => {
      for (const { batch, free } of stuck.splice(0)) free(countBatch(batch));
      takeAll(rig);
      assert.equal(rig.intake.counts().kept, events);
    });
    assert.equal(rig.intake.counts().lost, 0);
  });

  test(`a connection that comes while services wait has to wait too${also}`, async (t) => {
    const rig = await startIntake(t, { nameWithinMs, handOver: () => new Promise<BatchResult>(() => {}) });
    startService(t, rig.path, 1e9, recordsAFrame);
    await untilNamed(rig, 100_000);
    await untilReceived(rig, (4 * megabyte) / 16);
    await untilSteady(() => rig.intake.counts().received);
    const before = rig.intake.counts().received;
    const late = await connectTo(t, rig.path);
    late.send(eventsFrame(0, 10));
    await untilSteady(() => rig.intake.counts().received);
    assert.equal(rig.intake.counts().received, before);
    const batch = rig.intake.take()!;
    rig.intake.settle(batch, countBatch(batch));
    await untilConnected(rig, 2);
  });

  test(`a service that is killed at any moment loses what it had not sent and hurts no other${also}`, async (t) => {
    const rig = await startIntake(t, { nameWithinMs });
    const other = await connectTo(t, rig.path);
    for (let i = 1; i <= 5; i++) {
      const service = startService(t, rig.path, 1e9, 37);
      await untilReceived(rig, rig.intake.counts().received + 1000);
      await service.kill('SIGKILL');
      other.send(eventsFrame(i - 1));
    }
    await untilConnected(rig, 1);
    await untilTrue(() => {
      const { received, lost } = rig.intake.counts();
      assert.equal((received - 5) % 37, 0);
      assert.ok(lost <= 5 * 37);
    });
  });

  test(`a service that is stopped keeps its place, and comes in again when it goes on${also}`, async (t) => {
    const rig = await startIntake(t, { nameWithinMs });
    const service = startService(t, rig.path, 1e9, 100);
    await untilNamed(rig, 100_000);
    await service.kill('SIGSTOP');
    await untilSteady(() => rig.intake.counts().received);
    const before = rig.intake.counts().received;
    assert.equal((await untilConnected(rig, 1))[0]?.process, 'sender');
    await service.kill('SIGCONT');
    await untilReceived(rig, before + 1000);
    assert.equal(rig.intake.counts().lost, 0);
  });

  test(`a service ends while its data still wait here${also}`, async (t) => {
    const rig = await startIntake(t, { nameWithinMs, handOver: () => new Promise<BatchResult>(() => {}) });
    startService(t, rig.path, 1e9, recordsAFrame);
    await untilNamed(rig, 100_000);
    await untilReceived(rig, (4 * megabyte) / 16);
    await untilSteady(() => rig.intake.counts().received);
    const before = rig.intake.counts().received;
    const ending = await connectTo(t, rig.path);
    ending.send(eventsFrame(0, 10));
    ending.socket.end();
    await once(ending.socket, 'finish');
    await untilTrue(() => {
      takeAll(rig);
      const tens = rig.intake.counts().received % recordsAFrame;
      assert.equal(tens, 10);
    });
    assert.ok(rig.intake.counts().received > before);
  });
}

/** Gives the worker what waits until so many events have come: those that wait for a name are through by then. */
function untilNamed(rig: Rig, events: number, look?: (batch: FrameBatch) => void): Promise<void> {
  return untilTrue(() => {
    takeAll(rig, look);
    assert.ok(rig.intake.counts().received >= events);
  });
}

function takeAll({ intake }: Rig, look: (batch: FrameBatch) => void = () => {}): void {
  const batch = intake.take();
  if (!batch) return;
  look(batch);
  intake.settle(batch, countBatch(batch));
}
