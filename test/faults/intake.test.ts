import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { FrameBatch } from '../../workers/contract/events.ts';
import { startService } from '../agent/sources/intake/children.ts';
import { eventsFrame, helloFrame } from '../agent/sources/intake/frame-makers.ts';
import {
  connectTo,
  countBatch,
  framesOf,
  instancesOf,
  type Rig,
  startIntake,
  untilConnected,
  untilReceived,
} from '../agent/sources/intake/rig.ts';
import { untilTrue } from '../support/servers.ts';
import { randomNumbers } from '../workers/store/random.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

const wrongFrames = scale(1500, 500_000);
/** With a name to wait for, in milliseconds, and without. */
const waits = [0, 200];
const atOnce = 8;

for (const nameWithinMs of waits) {
  test(`fuzzed, cut, oversized and slow frames end their own connection at most (${nameWithinMs} ms for a name)`, async (t) => {
    const checker = new GoodFrames();
    const rig = await startIntake(t, {
      nameWithinMs,
      handOver: async (batch) => {
        checker.check(batch);
        return countBatch(batch);
      },
    });
    const good = await connectTo(t, rig.path, { name: 'good' });
    const random = randomNumbers(7);
    const left = { frames: wrongFrames };
    const takeAll = () => {
      const batch = rig.intake.take();
      if (!batch) return;
      checker.check(batch);
      rig.intake.settle(batch, countBatch(batch));
    };
    const ticks = setInterval(() => {
      good.send(checker.next(1 + Math.floor(random() * 20)));
      takeAll();
    }, 5);
    try {
      await Promise.all(Array.from({ length: atOnce }, (_, i) => sendWrong(rig, i, random, left)));
    } finally {
      clearInterval(ticks);
    }
    await untilTrue(() => {
      takeAll();
      assert.equal(checker.seen, checker.made);
    });
    assert.equal(good.socket.destroyed, false);
    assert.ok(checker.made > 0);
    const { received, kept, waiting, overflowed } = rig.intake.counts();
    assert.equal(received, kept + waiting);
    assert.equal(overflowed, 0);
  });
}

/** Makes numbered frames and checks that all of them come out, in order, byte for byte, and every batch is whole. */
class GoodFrames {
  made = 0;
  seen = 0;
  readonly #expected: Buffer[] = [];

  next(records: number): Uint8Array {
    const frame = Buffer.from(eventsFrame(this.made, records, `/good/${this.made}`));
    this.#expected.push(frame);
    this.made += records;
    return frame;
  }

  check(batch: FrameBatch): void {
    const good = instancesOf(batch).find(({ process }) => process === 'good')?.number;
    for (const { instance, bytes, records } of framesOf(batch)) {
      if (instance !== good) continue;
      const expected = this.#expected.shift()!;
      bytes.writeUInt32LE(0, 32);
      assert.ok(expected.equals(bytes), `the frame after ${this.seen} events`);
      this.seen += records;
    }
  }
}

/** Sends wrong frames over one connection after the other until none are left. */
async function sendWrong(
  rig: Rig,
  sender: number,
  random: () => number,
  left: { frames: number },
): Promise<void> {
  const below = (limit: number) => Math.floor(random() * limit);
  for (let i = 0; left.frames > 0; i++) {
    const socket = connect(rig.path);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'connect');
    const hello = helloFrame({ pid: 1000 + sender, startedMs: i + 1, name: `wrong-${sender}` });
    const mutateHello = below(10) === 0;
    await write(socket, mutateHello ? mutated(hello, below) : hello);
    for (let sent = 0; sent < 50 && !socket.destroyed && left.frames > 0; sent++) {
      left.frames--;
      const bytes = wrongFrame(below);
      if (below(100) > 0) await write(socket, bytes);
      else for (const byte of bytes.subarray(0, 300)) await write(socket, Uint8Array.of(byte));
    }
    socket.destroy();
  }
}

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('close', resolve);
    socket.write(bytes, () => {
      socket.off('close', resolve);
      resolve();
    });
  });
}

function wrongFrame(below: (limit: number) => number): Uint8Array {
  const frame = Buffer.from(eventsFrame(below(1000), 1 + below(30)));
  switch (below(6)) {
    case 0:
      return Buffer.from(Array.from({ length: 1 + below(400) }, () => below(256)));
    case 1:
      return frame.subarray(0, 1 + below(frame.length));
    case 2:
      frame.writeUInt32LE(65_536 + 8 * below(100_000), 0);
      return frame;
    case 3:
      return Buffer.concat([frame, frame.subarray(0, below(frame.length))]);
    case 4:
      return frame;
    default:
      return mutated(frame, below);
  }
}

function mutated(bytes: Uint8Array, below: (limit: number) => number): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let i = 1 + below(4); i > 0; i--) copy[below(Math.min(copy.length, 64))] = below(256);
  return copy;
}

for (const nameWithinMs of waits) {
  test(`services that are killed and stopped at any moment lose only what they had not sent (${nameWithinMs} ms for a name)`, async (t) => {
    const rig = await startIntake(t, { nameWithinMs });
    const random = randomNumbers(11);
    const stayer = startService(t, rig.path, 1e12, 41);
    const pump = setInterval(() => {
      const batch = rig.intake.take();
      if (batch) rig.intake.settle(batch, countBatch(batch));
    }, 100);
    t.after(() => clearInterval(pump));
    for (let i = 0; i < scale(3, 50); i++) {
      const service = startService(t, rig.path, 1e12, 41);
      await untilReceived(rig, rig.intake.counts().received + 5000);
      await stayer.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, random() * 50));
      await service.kill('SIGKILL');
      await stayer.kill('SIGCONT');
    }
    await stayer.kill('SIGSTOP');
    clearInterval(pump);
    await untilConnected(rig, 1);
    const { received, lost } = rig.intake.counts();
    assert.equal(received % 41, 0);
    assert.ok(lost <= scale(3, 50) * 41, `${lost} lost`);
  });
}
