import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from '../../../workers/contract/refusals.ts';
import type { Precision } from '../../../workers/contract/written.ts';
import { Admission, admissionLimits } from '../../../workers/written/admission.ts';
import { LineReader } from '../../../workers/written/line-reader.ts';

const nowMs = Date.UTC(2026, 0, 31, 12, 34, 56, 789);
const hourMs = 3_600_000;

interface Asked {
  readonly precision?: Precision;
  readonly reader?: LineReader;
  readonly offset?: number;
  readonly mostPoints?: number;
  readonly commonTags?: Record<string, string>;
}

function read(body: string | Uint8Array, asked: Asked = {}) {
  const { precision = 'ms', reader = new LineReader(new Admission()), offset = 0, mostPoints = 1000 } = asked;
  const refusals = new Refusals();
  const times = { nowMs, oldestMs: nowMs - 24 * hourMs, newestMs: nowMs + 600_000 };
  const settings = { precision, commonTags: asked.commonTags ?? {}, ...times };
  const { points, next } = reader.read(Buffer.from(body as string), offset, mostPoints, settings, refusals);
  const told = points.map(({ layout, values, timeMs }) => {
    const [{ measurement, tags, fields }] = layout.points as [(typeof layout.points)[number]];
    return { measurement, tags, fields: Object.fromEntries(fields.map((f, i) => [f, values[i]])), timeMs };
  });
  return { points: told, next, refusals, layouts: points.map(({ layout }) => layout) };
}

test('times come in every unit, negative ones too, and without one it is now in that unit', () => {
  const timeOf = (text: string, precision: Precision) =>
    read(`m v=1 ${text}`, { precision }).points[0]?.timeMs;
  const ms = nowMs - 1000;
  assert.equal(timeOf(`${ms}999999`, 'ns'), ms);
  assert.equal(timeOf(`${ms}999`, 'us'), ms);
  assert.equal(timeOf(`${ms}`, 'ms'), ms);
  assert.equal(timeOf(`${Math.floor(ms / 1000)}`, 's'), Math.floor(ms / 1000) * 1000);
  assert.equal(timeOf(`${Math.floor(ms / 60_000)}`, 'm'), Math.floor(ms / 60_000) * 60_000);
  assert.equal(timeOf(`${Math.floor(ms / hourMs)}`, 'h'), Math.floor(ms / hourMs) * hourMs);
  assert.equal(timeOf('', 'ns'), nowMs);
  assert.equal(timeOf('', 's'), nowMs - 789);
  assert.equal(timeOf('', 'h'), Math.floor(nowMs / hourMs) * hourMs);
});

test('points that are too old or too far ahead, and times out of range, are refused', () => {
  const { points, refusals } = read(
    ['m v=1 1', 'm v=1 -1', `m v=1 ${nowMs + 700_000}`, 'm v=1 9223372036854775808', `m v=1 ${nowMs}`].join(
      '\n',
    ),
  );
  assert.equal(points.length, 1);
  assert.equal(refusals.points, 4);
  assert.deepEqual(refusals.texts(), [
    'points older than the store keeps single readings (store.retention.raw) (2 times)',
    'points more than 10 minutes in the future',
    'a timestamp is out of range',
  ]);
});

test('unsigned integers are numbers up to their limit', () => {
  assert.deepEqual(read('m v=1u,w=18446744073709551615u').points[0]!.fields, { v: 1, w: 2 ** 64 });
  for (const value of ['-1u', '1.5u', '18446744073709551616u', '1ui']) {
    assert.equal(read(`m v=${value}`).refusals.points, 1, value);
  }
});

test('texts are left out and counted, the rest of the point is kept', () => {
  const { points, refusals } = read('m s="a",v=1,u="b"\nm s="only"\nm v=2');
  assert.deepEqual(
    points.map(({ fields }) => fields),
    [{ v: 1 }, { v: 2 }],
  );
  assert.equal(refusals.points, 1);
  assert.equal(refusals.unstoredFields, 3);
});

test("the agent's own tags are added unless given, and tags without order are one series", () => {
  const commonTags = { host: 'a', region: 'eu' };
  const { points, layouts } = read('m,z=1,b=2 v=1\nm,host=x v=1\nm,b=2,z=1 v=2', { commonTags });
  assert.deepEqual(points[0]!.tags, { host: 'a', region: 'eu', z: '1', b: '2' });
  assert.deepEqual(points[1]!.tags, { host: 'x', region: 'eu' });
  assert.equal(layouts[0], layouts[2]);
});

test('what would mix with what the agent emits is refused by name', () => {
  const own = {
    'system cpu_usage_percent=1': /measurement "system" is the agent's own/,
    'system_cpu usage_percent=1': /metric "system_cpu_usage_percent" is the agent's own/,
    'm recorded=1': /field "recorded" is reserved/,
    'm,__name__=x v=1': /tag "__name__" is reserved/,
  };
  for (const [line, reason] of Object.entries(own)) {
    const { points, refusals } = read(line);
    assert.equal(points.length, 0, line);
    assert.match(refusals.texts().join(), reason);
  }
});

test('names that are no UTF-8 are refused', () => {
  const { refusals } = read(Buffer.from([0x6d, 0xff, 0x20, 0x76, 0x3d, 0x31]));
  assert.deepEqual(refusals.texts(), ['a name is not valid UTF-8']);
});

test('names such as __proto__ and constructor are names like any other', () => {
  const { points } = read('__proto__,constructor=a,__proto__=b toString=1,__proto__=2');
  assert.equal(points[0]!.measurement, '__proto__');
  assert.deepEqual(Object.entries(points[0]!.tags).sort(), [
    ['__proto__', 'b'],
    ['constructor', 'a'],
  ]);
  assert.deepEqual(Object.entries(points[0]!.fields), [
    ['toString', 1],
    ['__proto__', 2],
  ]);
});

test('a body is read part by part without losing or doubling a line', () => {
  const body = Array.from({ length: 50 }, (_, i) =>
    i % 7 === 3 ? '# no point' : `m,i=${i} v=${i},s="a\nb"`,
  ).join('\n');
  const reader = new LineReader(new Admission());
  const seen: unknown[] = [];
  for (let offset = 0; offset < Buffer.byteLength(body); ) {
    const { points, next } = read(body, { reader, offset, mostPoints: 3 });
    assert.ok(next > offset && points.length <= 3);
    seen.push(...points.map(({ fields }) => fields.v));
    offset = next;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 7 !== 3),
  );
});

test('a measurement may have so many tag sets at once, and those that went silent make room', () => {
  const admission = new Admission({ ...admissionLimits, tagSets: 3 });
  const ask = (i: number, timeMs: number) =>
    typeof admission.admit({ measurement: 'm', tags: { i: `${i}` } }, ['v'], {}, timeMs);
  for (const i of [1, 2, 3]) assert.equal(ask(i, 0), 'object');
  assert.equal(ask(4, 1), 'string');
  assert.equal(admission.generation, 0);
  const kept = admission.admit({ measurement: 'm', tags: { i: '1' } }, ['v'], {}, hourMs);
  assert.ok(typeof kept === 'object');
  kept.set.lastMs = hourMs;
  assert.equal(ask(4, hourMs + 1), 'object');
  assert.equal(admission.generation, 1);
  assert.equal(ask(5, hourMs + 1), 'object');
  assert.equal(ask(6, hourMs + 1), 'string');
});

test('there may be so many series in all, and names of so many characters', () => {
  const key = { measurement: 'm', tags: {} };
  const few = new Admission({ ...admissionLimits, series: 3 });
  assert.equal(typeof few.admit(key, ['a', 'b'], {}, 0), 'object');
  assert.match(String(few.admit(key, ['c', 'd'], {}, 1)), /more than 3 series/);
  assert.match(String(few.admit({ ...key, measurement: 'n' }, ['c', 'd'], {}, 1)), /more than 3 series/);
  assert.equal(typeof few.admit(key, ['b', 'a'].sort(), {}, 1), 'object');
  const short = new Admission({ ...admissionLimits, names: 100 });
  const tags = { t: 'x'.repeat(50) };
  assert.equal(typeof short.admit({ measurement: 'm', tags }, ['a'], {}, 0), 'object');
  // The tags stand in the text of each layout.
  assert.match(String(short.admit({ measurement: 'm', tags }, ['b'], {}, 0)), /names are too long/);
});

test('measurements that were forgotten are admitted anew, so that they count', () => {
  const admission = new Admission({ ...admissionLimits, series: 2 });
  const reader = new LineReader(admission);
  const at = (ms: number, body: string) => {
    const times = { nowMs: ms, oldestMs: 0, newestMs: Number.MAX_SAFE_INTEGER };
    const refusals = new Refusals();
    const settings = { precision: 'ms' as const, commonTags: {}, ...times };
    return reader.read(Buffer.from(body), 0, 10, settings, refusals).points.length;
  };
  assert.equal(at(0, 'a v=1\nb v=1'), 2);
  assert.equal(at(2 * hourMs, 'c v=1\nd v=1'), 2);
  assert.equal(at(2 * hourMs + 1, 'a v=1\nb v=1'), 0);
});

test('lines that are refused, or have texts only, leave nothing behind however many names they have', () => {
  const reader = new LineReader(new Admission({ ...admissionLimits, series: 10 }));
  const read = (body: string) => {
    const refusals = new Refusals();
    const times = { nowMs, oldestMs: nowMs - hourMs, newestMs: nowMs };
    const settings = { precision: 'ms' as const, commonTags: {}, ...times };
    const { points } = reader.read(Buffer.from(body), 0, 200_000, settings, refusals);
    return { points: points.length, refusals };
  };
  const names = Array.from({ length: 100_000 }, (_, i) => `measurement_${i}`);
  const texts = read(names.map((name) => `${name} v="t"`).join('\n'));
  assert.deepEqual([texts.points, texts.refusals.unstoredFields], [0, names.length]);
  const usedBytes = process.memoryUsage().heapUsed;
  const many = read(names.map((name) => `${name} v=1`).join('\n'));
  assert.deepEqual([many.points, many.refusals.points], [10, names.length - 10]);
  // Doubled, escaped or permuted, names are spelled in as many ways as one likes.
  const spelled = names.map((_, i) => `measurement_1 ${'v=1,'.repeat(1 + (i % 500))}v=${i}`);
  assert.equal(read(spelled.slice(0, 20_000).join('\n')).points, 20_000);
  assert.ok(process.memoryUsage().heapUsed - usedBytes < 200_000_000);
});

test('of many reasons the first are told, and how many more there were', () => {
  const { refusals } = read(Array.from({ length: 30 }, (_, i) => `bad${i}`).join('\n'));
  assert.equal(refusals.points, 30);
  const texts = refusals.texts();
  assert.equal(texts.length, 11);
  assert.equal(texts[10], 'and 20 more');
});
