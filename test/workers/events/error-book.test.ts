import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { returnAfterMs, type StoredErrorGroup } from '../../../workers/contract/events.ts';
import { ErrorBook, type ErrorMemory } from '../../../workers/events/error-book.ts';
import type { ErrorOccurrence } from '../../../workers/events/error-group.ts';
import { ErrorUsers } from '../../../workers/events/error-users.ts';
import { randomNumbers } from '../store/random.ts';

const startMs = 1_800_000_000_000;
const stack = 'at save (/srv/app/src/contacts.js:10:5)\nat run (/srv/app/src/main.js:1:1)';

const emptyMemory: ErrorMemory = { load: () => undefined, mapStack: (text) => text };

function occurrence(changes: Partial<ErrorOccurrence> = {}): ErrorOccurrence {
  return {
    process: 'crm',
    site: `TypeError\0${stack}`,
    message: 'no contact 17',
    route: 'GET\0/contacts/:id',
    user: '',
    timeMs: startMs,
    ...changes,
  };
}

function onlyGroup(book: ErrorBook, timeMs = startMs): StoredErrorGroup {
  const { groups } = book.fold(timeMs);
  assert.equal(groups.length, 1);
  return groups[0]!;
}

describe('a group', () => {
  test('has what its first occurrence says', () => {
    const book = new ErrorBook(emptyMemory);
    book.record(occurrence({ user: 'anna' }));
    const { fingerprint, userState, ...rest } = onlyGroup(book);
    assert.match(fingerprint, /^[0-9a-f]{16}$/);
    assert.notEqual(userState, '');
    assert.deepEqual(rest, {
      process: 'crm',
      type: 'TypeError',
      message: 'no contact 17',
      firstSeenMs: startMs,
      lastSeenMs: startMs,
      returnedMs: null,
      count: 1,
      routes: [{ route: 'GET /contacts/:id', count: 1 }],
      users: 1,
      samples: [
        { timeMs: startMs, message: 'no contact 17', stack, route: 'GET /contacts/:id', user: 'anna' },
      ],
    });
  });

  test('gathers occurrences whose messages differ in values, with the newest message', () => {
    const book = new ErrorBook(emptyMemory);
    for (let i = 0; i < 10; i++)
      book.record(occurrence({ message: `no contact ${i}`, timeMs: startMs + i }), 3);
    const group = onlyGroup(book);
    assert.deepEqual([group.count, group.message], [30, 'no contact 9']);
    assert.deepEqual([group.firstSeenMs, group.lastSeenMs], [startMs, startMs + 9]);
  });

  test('is given again only when it changed', () => {
    const book = new ErrorBook(emptyMemory);
    book.record(occurrence());
    assert.equal(book.fold(startMs).groups.length, 1);
    assert.equal(book.fold(startMs + 2000).groups.length, 0);
    book.record(occurrence());
    assert.equal(onlyGroup(book).count, 2);
  });

  test('is of one process and type', () => {
    const book = new ErrorBook(emptyMemory);
    book.record(occurrence());
    book.record(occurrence({ process: 'worker' }));
    book.record(occurrence({ site: `RangeError\0${stack}` }));
    const { groups } = book.fold(startMs);
    assert.deepEqual(
      groups.map(({ process, type }) => `${process} ${type}`),
      ['crm TypeError', 'worker TypeError', 'crm RangeError'],
    );
    assert.equal(groups[0]?.fingerprint, groups[1]?.fingerprint);
    assert.notEqual(groups[0]?.fingerprint, groups[2]?.fingerprint);
  });

  test('without stack is grouped by its message', () => {
    const book = new ErrorBook(emptyMemory);
    for (const message of ['no contact 1', 'no contact 2', 'no deal 1'])
      book.record(occurrence({ site: 'Error\0', message }));
    assert.deepEqual(
      book.fold(startMs).groups.map(({ count }) => count),
      [2, 1],
    );
  });

  test('keeps the newest five samples, one a second at most, newest first', () => {
    const book = new ErrorBook(emptyMemory);
    for (let i = 0; i < 100; i++)
      book.record(occurrence({ message: `no contact ${i}`, timeMs: startMs + i * 100 }));
    assert.deepEqual(
      onlyGroup(book).samples.map(({ message }) => message),
      [90, 80, 70, 60, 50].map((i) => `no contact ${i}`),
    );
  });

  test('keeps the 20 most frequent routes, the most frequent first', () => {
    const book = new ErrorBook(emptyMemory);
    for (let i = 0; i < 50; i++) book.record(occurrence({ route: `GET\0/rare/${i}` }));
    book.record(occurrence({ route: 'job mail/send' }), 500);
    book.record(occurrence({ route: '' }), 500);
    const { routes } = onlyGroup(book);
    assert.equal(routes.length, 20);
    assert.equal(routes[0]?.route, 'job mail/send');
    assert.ok(routes[0].count >= 500);
  });

  test('counts distinct users, also over a restart', () => {
    let stored: StoredErrorGroup | undefined;
    for (let run = 0; run < 3; run++) {
      const book = new ErrorBook({ ...emptyMemory, load: () => stored });
      for (let i = 0; i < 1000; i++) book.record(occurrence({ user: `u${run * 500 + i}` }));
      stored = onlyGroup(book);
    }
    assert.ok(Math.abs(stored!.users - 2000) < 200, `${stored!.users}`);
    assert.equal(stored!.count, 3000);
  });

  test('takes its stack from the source maps, which are asked once for a place', () => {
    let asked = 0;
    const mapStack = (text: string) => {
      asked++;
      return text.replaceAll('/dist/', '/src/').replaceAll('.js:', '.ts:');
    };
    const book = new ErrorBook({ ...emptyMemory, mapStack });
    const plain = new ErrorBook(emptyMemory);
    for (let i = 0; i < 100; i++)
      book.record(
        occurrence({
          site: 'Error\0at save (/srv/dist/x.js:1:1)',
          message: `a${i}`,
          timeMs: startMs + i * 1000,
        }),
      );
    plain.record(occurrence({ site: 'Error\0at save (/srv/src/x.ts:1:1)', message: 'a0' }));
    const groups = book.fold(startMs).groups;
    assert.equal(asked, 1);
    assert.equal(groups[0]?.samples[0]?.stack, 'at save (/srv/src/x.ts:1:1)');
    assert.equal(groups[0]?.fingerprint, onlyGroup(plain).fingerprint);
  });
});

describe('a group that comes again', () => {
  test('after 24 hours has returned, and goes on counting', () => {
    let stored: StoredErrorGroup | undefined;
    const memory = { ...emptyMemory, load: () => stored };
    const record = (timeMs: number) => {
      const book = new ErrorBook(memory);
      book.record(occurrence({ timeMs }));
      stored = onlyGroup(book, timeMs);
      return stored;
    };
    assert.equal(record(startMs).returnedMs, null);
    assert.equal(record(startMs + returnAfterMs - 1).returnedMs, null);
    const againMs = startMs + 2 * returnAfterMs;
    const returned = record(againMs);
    assert.deepEqual([returned.returnedMs, returned.firstSeenMs, returned.count], [againMs, startMs, 3]);
    assert.equal(record(againMs + 1000).returnedMs, againMs);
  });

  test('after 5 minutes is loaded by its process and fingerprint', () => {
    const kept = new Map<string, StoredErrorGroup>();
    const loads: string[] = [];
    const book = new ErrorBook({
      ...emptyMemory,
      load: (process, fingerprint) => {
        loads.push(process);
        return kept.get(`${process} ${fingerprint}`);
      },
    });
    const fold = (timeMs: number) => {
      const folded = book.fold(timeMs);
      for (const group of folded.groups) kept.set(`${group.process} ${group.fingerprint}`, group);
      return folded.points;
    };
    book.record(occurrence(), 4);
    assert.equal(fold(startMs).length, 1);
    assert.equal(fold(startMs + 300_000).length, 1);
    assert.equal(fold(startMs + 300_001).length, 0);
    book.record(occurrence({ timeMs: startMs + 400_000 }));
    const [point] = fold(startMs + 400_000);
    assert.deepEqual([point?.count, point?.countTotal], [1, 5]);
    assert.deepEqual(loads, ['crm', 'crm']);
  });
});

describe('points', () => {
  test('have the count of the tick and the total, in an order that stays', () => {
    const book = new ErrorBook(emptyMemory);
    const counts = (timeMs: number) =>
      book.fold(timeMs).points.map(({ type, count, countTotal }) => [type, count, countTotal]);
    for (const type of ['A', 'B', 'C']) book.record(occurrence({ site: type }), 2);
    assert.deepEqual(counts(startMs), [
      ['A', 2, 2],
      ['B', 2, 2],
      ['C', 2, 2],
    ]);
    book.record(occurrence({ site: 'C' }), 5);
    assert.deepEqual(counts(startMs + 2000), [
      ['A', 0, 2],
      ['B', 0, 2],
      ['C', 5, 7],
    ]);
  });

  test('say by their version when the set is another one', () => {
    const book = new ErrorBook(emptyMemory);
    book.record(occurrence());
    const { version } = book.fold(startMs);
    book.record(occurrence());
    assert.equal(book.fold(startMs + 2000).version, version);
    book.record(occurrence({ site: 'Other' }));
    const more = book.fold(startMs + 4000).version;
    assert.notEqual(more, version);
    assert.notEqual(book.fold(startMs + 900_000).version, more);
  });

  test('stay for 5 minutes by the clock of the ticks, whatever the time of the error, and after a jump back', () => {
    const book = new ErrorBook(emptyMemory);
    const hourMs = 3_600_000;
    book.record(occurrence({ timeMs: startMs + 20 * hourMs }));
    assert.equal(book.fold(startMs).points.length, 1);
    assert.equal(book.fold(startMs - hourMs).points.length, 1);
    assert.equal(book.fold(startMs - hourMs + 300_001).points.length, 0);
  });

  test('are those of all errors: beyond 1,900 groups they are counted under `other`', () => {
    const book = new ErrorBook(emptyMemory);
    for (let i = 0; i < 3000; i++)
      book.record(occurrence({ site: `Error${i}`, process: i % 2 ? 'crm' : 'worker' }), 2);
    const { points } = book.fold(startMs);
    assert.equal(points.length, 1902);
    let sum = 0;
    for (const { count } of points) sum += count;
    assert.equal(sum, 6000);
    assert.deepEqual(
      points
        .filter(({ fingerprint }) => fingerprint === 'other')
        .map(({ process, type, count }) => [process, type, count]),
      [
        ['worker', 'other', 1100],
        ['crm', 'other', 1100],
      ],
    );
  });

  test('of a group that finds room again are its own', () => {
    const book = new ErrorBook(emptyMemory);
    for (let i = 0; i < 2000; i++) book.record(occurrence({ site: `Error${i}` }));
    for (let tick = 0; tick < 10; tick++) book.fold(startMs);
    book.fold(startMs + 301_000);
    book.record(occurrence({ site: 'Error1999' }));
    assert.deepEqual(
      book.fold(startMs + 302_000).points.map(({ type, count }) => [type, count]),
      [['Error1999', 1]],
    );
  });
});

test('a burst of new groups is given in parts, each group once', () => {
  const book = new ErrorBook(emptyMemory);
  for (let i = 0; i < 1200; i++) book.record(occurrence({ site: `Error${i}` }));
  const seen: string[] = [];
  const sizes: number[] = [];
  for (let tick = 0; tick < 4; tick++) {
    const { groups } = book.fold(startMs + tick);
    sizes.push(groups.length);
    seen.push(...groups.map(({ fingerprint }) => fingerprint));
  }
  assert.deepEqual(sizes, [500, 500, 200, 0]);
  assert.equal(new Set(seen).size, 1200);
});

test('a million distinct messages and places keep memory flat, and every one is counted', () => {
  const book = new ErrorBook(emptyMemory);
  // Letters only: digits would be folded.
  const word = (i: number) =>
    i.toString(16).replace(/\d/g, (digit) => String.fromCharCode(103 + Number(digit)));
  let countTotal = 0;
  let early = 0;
  for (let i = 0; i < 1_000_000; i++) {
    const site = i % 4 === 0 ? `Error\0at x${word(i)} (/srv/app/src/x.js:1:1)` : `Error\0${stack}`;
    book.record(occurrence({ site, message: `no ${word(i)}`, user: word(i), timeMs: startMs + i }));
    if (i % 50_000 === 0) {
      const { points } = book.fold(startMs + i);
      countTotal = points.reduce((sum, point) => sum + point.count, countTotal);
      if (i === 200_000) early = process.memoryUsage().heapUsed;
    }
  }
  countTotal = book.fold(startMs + 1e6).points.reduce((sum, point) => sum + point.count, countTotal);
  assert.equal(countTotal, 1_000_000);
  const grown = process.memoryUsage().heapUsed - early;
  assert.ok(grown < 40 * 2 ** 20, `grown by ${grown} bytes`);
});

test('names of prototypes are processes, types, messages, routes and users', () => {
  const book = new ErrorBook(emptyMemory);
  for (const name of ['__proto__', 'constructor', 'toString'])
    for (let i = 0; i < 2; i++)
      book.record(occurrence({ process: name, site: name, message: name, route: name, user: name }));
  const { groups } = book.fold(startMs);
  assert.deepEqual(
    groups.map(({ process, type, message, count, routes, users }) => [
      process,
      type,
      message,
      count,
      routes,
      users,
    ]),
    ['__proto__', 'constructor', 'toString'].map((name) => [
      name,
      name,
      name,
      2,
      [{ route: name, count: 2 }],
      1,
    ]),
  );
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('any text is a place, a type or a message', () => {
  const book = new ErrorBook(emptyMemory);
  const random = randomNumbers(2);
  const parts = [
    '\0',
    '\n',
    'at ',
    'eval at ',
    ' (',
    ')',
    ':1',
    'é',
    '\ud800',
    "'",
    '/',
    'node_modules',
    'file:',
    'x'.repeat(300),
  ];
  const text = () =>
    Array.from({ length: 1 + random() * 20 }, () => parts[Math.floor(random() * parts.length)]).join('');
  for (let i = 0; i < 5000; i++)
    book.record(occurrence({ site: text(), message: text(), route: text(), user: text() }));
  const { groups, points } = book.fold(startMs);
  assert.equal(
    points.reduce((sum, { count }) => sum + count, 0),
    5000,
  );
  for (const { type } of groups) assert.ok(type.length > 0 && type.length <= 100);
});

describe('ErrorUsers', () => {
  test('is near the number of users, and the same after its state was kept', () => {
    for (const size of [0, 1, 2, 3, 10, 50, 200, 1000, 20_000]) {
      const users = new ErrorUsers();
      for (let i = 0; i < size; i++) users.add(`user ${i}`);
      assert.ok(
        Math.abs(users.estimate() - size) <= size * 0.1 + (size >= 10 ? 1 : 0),
        `${users.estimate()} for ${size}`,
      );
      const again = ErrorUsers.decode(users.encode());
      assert.equal(again.estimate(), users.estimate());
      assert.equal(again.encode(), users.encode());
      assert.ok(users.encode().length <= 1368);
    }
  });

  test('takes any text for a state', () => {
    const random = randomNumbers(3);
    for (const length of [1, 2, 3, 100, 1023, 1024, 1025, 5000]) {
      const state = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256))).toString('base64');
      assert.ok(Number.isInteger(ErrorUsers.decode(state).estimate()));
    }
    assert.equal(ErrorUsers.decode('no base64 %%%').estimate() >= 0, true);
  });
});
