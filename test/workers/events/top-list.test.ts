import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TopHours } from '../../../workers/events/top-hours.ts';
import { mergeTopLists, TopList } from '../../../workers/events/top-list.ts';
import { ByteReader, ByteWriter } from '../../../workers/sketch/bytes.ts';
import { randomNumbers } from '../store/random.ts';

const hourMs = 3_600_000;
const startMs = 500_000 * hourMs;

/** Names of which a few come often: a Zipf stream, with the exact counts. */
function* zipf(events: number, names: number, seed: number): Generator<string> {
  const random = randomNumbers(seed);
  for (let i = 0; i < events; i++) yield `n${Math.floor(names ** random())}`;
}

function countUp(exact: Map<string, number>, name: string): void {
  exact.set(name, (exact.get(name) ?? 0) + 1);
}

/** The promises of Space-Saving. */
function assertBounds(
  entries: readonly { name: string; count: number; over: number }[],
  exact: ReadonlyMap<string, number>,
  capacity: number,
): void {
  const shown = new Map(entries.map((entry) => [entry.name, entry]));
  let total = 0;
  for (const count of exact.values()) total += count;
  for (const { name, count, over } of entries) {
    const real = exact.get(name) ?? 0;
    assert.ok(count >= real && count - over <= real, `${name}: ${count} − ${over} for ${real}`);
    assert.ok(over <= total / capacity);
  }
  for (const [name, real] of exact) if (real > total / capacity) assert.ok(shown.has(name), name);
}

describe('TopList', () => {
  test('counts of a Zipf stream are never too low, too high by no more than told, and no frequent name is missing', () => {
    for (const capacity of [1, 10, 100]) {
      const list = new TopList(capacity);
      const exact = new Map<string, number>();
      for (const name of zipf(50_000, 20_000, capacity)) {
        list.add(name, 1);
        countUp(exact, name);
      }
      assert.equal(list.size, capacity);
      assertBounds(list.entries(), exact, capacity);
    }
  });

  test('up to its capacity it is exact, and sorted', () => {
    const list = new TopList(100);
    for (let i = 0; i < 100; i++) list.add(`n${i}`, 1 + ((i * 37) % 101));
    for (let i = 0; i < 100; i += 3) list.add(`n${i}`, 1000);
    const entries = list.entries();
    const exact = (i: number) => 1 + ((i * 37) % 101) + (i % 3 === 0 ? 1000 : 0);
    for (const { name, count, over } of entries) {
      assert.equal(count, exact(Number(name.slice(1))));
      assert.equal(over, 0);
    }
    assert.deepEqual(
      entries.map(({ count }) => count),
      entries.map(({ count }) => count).sort((a, b) => b - a),
    );
  });

  test('names of prototypes are names', () => {
    const list = new TopList(3);
    for (const name of ['__proto__', 'constructor', 'toString']) list.add(name, 2);
    assert.deepEqual(
      list.entries().map(({ name }) => name),
      ['__proto__', 'constructor', 'toString'],
    );
  });

  test('lists that are merged keep the promises for all that both saw', () => {
    const exact = new Map<string, number>();
    const lists = Array.from({ length: 24 }, (_, hour) => {
      const list = new TopList(100);
      for (const name of zipf(3000, 5000, hour)) {
        list.add(name, 1);
        countUp(exact, name);
      }
      return list;
    });
    assertBounds(mergeTopLists(lists, Number.POSITIVE_INFINITY), exact, 100);
  });

  test('what is written is read again', () => {
    const list = new TopList(50);
    for (const name of zipf(5000, 500, 3)) list.add(`${name} é\0"`, 1);
    const writer = new ByteWriter();
    list.write(writer);
    const again = TopList.read(new ByteReader(writer.copy()), 50);
    assert.deepEqual(again.entries(), list.entries());
    again.add('more', 1);
    assert.equal(again.size, 50);
    assert.throws(() => TopList.read(new ByteReader(writer.copy()), 49), RangeError);
  });
});

describe('TopHours', () => {
  test('keeps the promises of Space-Saving over the hours, also after they were kept', () => {
    let top = new TopHours();
    const exact = new Map<string, number>();
    for (let hour = 0; hour < 24; hour++) {
      for (const name of zipf(5000, 3000, hour)) {
        top.add(name, 1, startMs + hour * hourMs);
        countUp(exact, name);
      }
      const writer = new ByteWriter();
      top.write(writer);
      top = TopHours.read(new ByteReader(writer.copy()));
    }
    const entries = top.top(startMs + 23 * hourMs, Number.POSITIVE_INFINITY);
    assertBounds(entries, exact, 100);
    assert.deepEqual(
      entries.slice(0, 10).map(({ name }) => name),
      [...exact]
        .sort((a, b) => b[1] - a[1])
        .slice(0, 10)
        .map(([name]) => name),
    );
  });

  test('counts the last 24 hours and nothing before', () => {
    const top = new TopHours();
    for (let hour = 0; hour < 60; hour++) top.add(`h${hour}`, 1, startMs + hour * hourMs);
    const names = top.top(startMs + 59 * hourMs, 100).map(({ name }) => name);
    assert.deepEqual(names.sort(), Array.from({ length: 24 }, (_, i) => `h${i + 36}`).sort());
    assert.equal(top.top(startMs + 80 * hourMs, 100).length, 3);
    assert.equal(top.top(startMs + 100 * hourMs, 100).length, 0);
  });

  test('adds up what a name has in several hours', () => {
    const top = new TopHours();
    for (let hour = 0; hour < 10; hour++) top.add('a', 5, startMs + hour * hourMs);
    top.add('b', 7, startMs);
    assert.deepEqual(top.top(startMs + 9 * hourMs, 10), [
      { name: 'a', count: 50, over: 0 },
      { name: 'b', count: 7, over: 0 },
    ]);
  });

  test('hours of the future become this one when the clock jumped back, and go with it', () => {
    const top = new TopHours();
    top.add('a', 5, startMs + 10 * hourMs);
    top.add('a', 1, startMs);
    assert.deepEqual(top.top(startMs, 1), [{ name: 'a', count: 6, over: 0 }]);
    assert.deepEqual(top.top(startMs + 24 * hourMs, 1), []);
  });

  test('what is written is read again', () => {
    const top = new TopHours();
    for (let hour = 0; hour < 30; hour++) top.add(`h${hour % 4}`, hour, startMs + hour * hourMs);
    const writer = new ByteWriter();
    top.write(writer);
    const again = TopHours.read(new ByteReader(writer.copy()));
    assert.deepEqual(again.top(startMs + 29 * hourMs, 10), top.top(startMs + 29 * hourMs, 10));
  });
});
