import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { totalCell } from '../../../workers/contract/window-cells.ts';
import { frameHeader, frameKind } from '../../../workers/contract/wire.ts';
import {
  buildEventsFrame,
  buildRuntimeFrame,
  dbRecord,
  errorRecord,
  type FrameRecord,
  httpRecord,
  joinFrames,
  userRecord,
} from '../../support/frames.ts';
import { randomFrom, randomRecord } from './event-model.ts';
import { EventStage, pointsOf } from './event-stage.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Events of all series since the start. */
function counted(stage: EventStage): number {
  stage.fold();
  const totals = new Float64Array(stage.buffers.seriesTotals);
  let count = 0;
  for (let at = totalCell.COUNT; at < totals.length; at += totalCell.LENGTH) count += totals[at]!;
  return count;
}

const some: readonly FrameRecord[] = [
  httpRecord('GET', '/a', { durationUs: 1000, b: 'anna', c: 'no' }),
  dbRecord('M', 'find', { durationUs: 1000, b: 'select' }),
  errorRecord('E', 'm', 'at f (/a.js:1:1)', { c: 'GET\0/a', user: 'anna' }),
  userRecord('anna', 's'),
];

/** A frame of `some` in which one word was changed. */
function withWord(word: number, value: number, records = some): Uint8Array {
  const frame = buildEventsFrame({ instance: 1, baseMs: Date.now(), records });
  new DataView(frame.buffer).setUint32(word * 4, value, true);
  return frame;
}

const headWords = frameHeader.LENGTH;
const textWord = headWords + some.length * 4;

describe('a frame is refused whole, and what is around it counted', () => {
  const bad: readonly [name: string, frame: Uint8Array, problem: RegExp, refused?: number][] = [
    ['of an unknown kind', withWord(frameHeader.KIND, 9), /kind 9/, 0],
    ['of the kind of a hello', withWord(frameHeader.KIND, frameKind.HELLO), /kind 1/, 0],
    ['of an instance that is not connected', withWord(frameHeader.INSTANCE, 99), /not known/],
    ['with more records than it has room for', withWord(frameHeader.RECORDS, 5000), /5000 records/, 10],
    ['with more texts than it has', withWord(frameHeader.TEXTS, 50), /text \d+ of 50/],
    ['with fewer texts than it has', withWord(frameHeader.TEXTS, 2), /too many/],
    ['with very many texts', withWord(frameHeader.TEXTS, 0xffff_ffff), /texts/],
    ['with a text that is too long', withWord(textWord, 4097), /4097 bytes/],
    ['with a text that goes beyond it', withWord(textWord, 4000), /4000 bytes/],
    ['with a time that is not a number', withWord(frameHeader.BASE_MS + 1, 0x7ff8_0000), /not a number/],
    ['with a record of kind 0', withWord(headWords, 0), /kind 0/],
    ['with a record of kind 7', withWord(headWords, 7), /kind 7/],
    ['with a record whose label is not there', withWord(headWords + 1, 500), /not there/],
    ['with a record whose user is not there', withWord(headWords + 1, 500 << 16), /not there/],
    [
      'with a record whose message is not there',
      withWord(headWords, (1 | (16_000 << 18)) >>> 0),
      /not there/,
    ],
    ['with an error whose user is not there', withWord(headWords + 8 + 2, 12), /not there/],
    ['with an error of no user at all', withWord(headWords + 8 + 2, 0xffff_ffff), /not there/],
  ];
  for (const [name, frame, problem, refused = some.length] of bad) {
    test(name, () => {
      const stage = new EventStage();
      const good = buildEventsFrame({
        instance: 1,
        baseMs: stage.nowMs,
        records: [httpRecord('GET', '/good')],
      });
      const result = stage.takeBytes(joinFrames(good, frame, good));
      assert.deepEqual([result.records, result.refused, result.offenders.length], [2, refused, 1]);
      assert.match(result.offenders[0]!.problem, problem);
      assert.equal(counted(stage), 2);
      const folded = stage.fold();
      assert.deepEqual([...pointsOf(folded, 'http').keys()], ['GET crm /good 2xx']);
      assert.equal(folded.errorGroups.length, 0);
    });
  }

  test('a runtime frame of the wrong length', () => {
    const stage = new EventStage();
    const frame = new Uint8Array(48);
    frame.set(buildRuntimeFrame(1, {}).subarray(0, 48));
    new DataView(frame.buffer).setUint32(0, 48, true);
    const { offenders } = stage.takeBytes(frame);
    assert.match(offenders[0]!.problem, /8 bytes/);
  });

  test('names each offender once', () => {
    const stage = new EventStage();
    const { refused, offenders } = stage.takeBytes(joinFrames(...bad.slice(3, 6).map(([, frame]) => frame)));
    assert.equal(refused, 10 + 4 + 4);
    assert.equal(offenders.length, 1);
    assert.equal(offenders[0]!.number, 1);
  });
});

test('bytes that are no frames never throw and count nothing', () => {
  const random = randomFrom(99);
  const stage = new EventStage();
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256);
    if (bytes.length >= 8 && random() < 0.5) new DataView(bytes.buffer).setUint32(0, bytes.length & ~7, true);
    const { records } = stage.takeBytes(bytes);
    assert.equal(records, 0);
  }
  assert.equal(counted(stage), 0);
  assert.doesNotThrow(() => stage.fold());
});

test('frames with flipped bytes never throw; what is refused changes no count', () => {
  const random = randomFrom(2026);
  const stage = new EventStage({ wantTexts: true, userKey: 'aa' });
  let [taken, refusals] = [0, 0];
  for (let round = 0; round < 3000; round++) {
    const records = [
      ...some,
      ...Array.from({ length: Math.floor(random() * 20) }, () => randomRecord(random)),
    ];
    const frame = buildEventsFrame({ instance: 1, baseMs: stage.nowMs, records });
    for (let flips = Math.floor(random() * 4); flips > 0; flips--)
      frame[Math.floor(random() * frame.length)] = random() * 256;
    const before = counted(stage);
    const result = stage.takeBytes(frame);
    const more = counted(stage) - before;
    if (result.refused > 0 || result.offenders.length > 0) {
      refusals++;
      assert.deepEqual([result.records, more], [0, 0]);
    } else assert.ok(more <= result.records);
    taken += more;
  }
  assert.ok(refusals > 100 && taken > 1000, `${refusals} ${taken}`);
});

test('a batch that does not begin at a multiple of 8 bytes is read all the same', () => {
  const stage = new EventStage();
  const frame = buildEventsFrame({ instance: 1, baseMs: stage.nowMs, records: some });
  const moved = new Uint8Array(frame.length + 3).subarray(3);
  moved.set(frame);
  assert.equal(stage.takeBytes(moved).records, some.length);
  assert.equal(counted(stage), 2);
});

test('labels, users and messages that are never the same keep memory flat', () => {
  const stage = new EventStage({ userKey: 'aa' });
  stage.report();
  const flood = (from: number, count: number) => {
    for (let i = from; i < from + count; i += 500) {
      const records = Array.from({ length: 500 }, (_, k) => {
        const n = i + k;
        if (n % 10 === 9) return errorRecord('E', `message ${n} ${n.toString(36)}x`);
        return httpRecord('GET', `/label/${n}/${n * 7}`, {
          durationUs: 1000,
          b: `user${n}`,
          c: `error ${n}`,
        });
      });
      stage.take(records);
      if (i % 50_000 === 0) stage.fold();
    }
    stage.fold();
    collectGarbage();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  const before = flood(0, 100_000);
  const after = flood(100_000, 200_000);
  assert.ok(after - before < 16 * 2 ** 20, `${(after - before) / 2 ** 20} MB more`);
  assert.ok(pointsOf(stage.fold(), 'http').size <= 2000);
});
