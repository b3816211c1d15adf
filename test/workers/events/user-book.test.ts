import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserBook } from '../../../workers/events/user-book.ts';
import { randomNumbers } from '../store/random.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const idleMs = 30 * minuteMs;
const startMs = 1_800_000_000_000;

test('tells who was active in 5 minutes, an hour and a day, for each process', () => {
  const book = new UserBook(idleMs);
  const note = (user: string, agoMs: number, process = 'crm') =>
    book.note(process, user, '', '', 1, startMs - agoMs);
  for (let i = 0; i < 40; i++) note(`day${i}`, 20 * hourMs);
  for (let i = 0; i < 20; i++) note(`hour${i}`, 40 * minuteMs);
  for (let i = 0; i < 10; i++) note(`now${i}`, 2 * minuteMs);
  note('one', 0, 'worker');
  const [crm, worker] = book.activity(startMs);
  assert.equal(crm?.process, 'crm');
  assert.deepEqual([crm.active5m, crm.active1h, crm.sessions], [10, 30, 10]);
  assert.ok(Math.abs(crm.active24h - 70) <= 1, `${crm.active24h}`);
  assert.deepEqual([worker?.process, worker?.active5m], ['worker', 1]);
});

test('a user who comes again is one user', () => {
  const book = new UserBook(idleMs);
  for (let i = 0; i < 1000; i++) book.note('crm', `u${i % 3}`, '', '', 1, startMs + i);
  assert.equal(book.activity(startMs + 1000)[0]?.active24h, 3);
});

test('sessions are those named, and users who named none; silent ones are over', () => {
  const book = new UserBook(idleMs);
  const sessions = (nowMs: number) => book.activity(nowMs)[0]?.sessions;
  book.note('crm', 'anna', 's1', '', 1, startMs);
  book.note('crm', 'anna', 's2', '', 1, startMs);
  book.note('crm', 'anna', '', 'GET /', 5, startMs + 1);
  book.note('crm', 'bert', '', 'GET /', 5, startMs + 1);
  assert.equal(sessions(startMs + minuteMs), 3);
  book.note('crm', 'bert', '', 'GET /', 1, startMs + 20 * minuteMs);
  assert.equal(sessions(startMs + 31 * minuteMs), 1);
  assert.equal(sessions(startMs + 51 * minuteMs), 0);
});

test('top users and routes are of the last 24 hours, by what they did', () => {
  const book = new UserBook(idleMs);
  book.note('crm', 'old', '', 'GET /old', 100, startMs - 25 * hourMs);
  book.note('crm', 'anna', '', 'GET /', 7, startMs - 5 * hourMs);
  book.note('crm', 'bert', '', 'GET /', 3, startMs);
  book.note('crm', '', '', 'GET /login', 4, startMs);
  const [crm] = book.activity(startMs);
  assert.deepEqual(crm?.topUsers, [
    { name: 'anna', count: 7, over: 0 },
    { name: 'bert', count: 3, over: 0 },
  ]);
  assert.deepEqual(crm?.topRoutes, [
    { name: 'GET /', count: 10, over: 0 },
    { name: 'GET /login', count: 4, over: 0 },
  ]);
});

test('the state that was kept goes on as if nothing had happened', () => {
  const random = randomNumbers(5);
  const book = new UserBook(idleMs);
  for (let i = 0; i < 20_000; i++) {
    const user = `u${Math.floor(random() * 3000)}`;
    const timeMs = startMs - Math.floor(random() * 24 * hourMs);
    book.note(random() < 0.8 ? 'crm' : 'job é', user, random() < 0.5 ? `${user}s` : '', 'GET /', 1, timeMs);
  }
  const again = UserBook.decode(book.encode(), idleMs);
  assert.deepEqual(again.activity(startMs), book.activity(startMs));
  assert.deepEqual(again.encode(), book.encode());
  again.note('crm', 'another', '', '', 1, startMs);
  assert.ok(again.activity(startMs)[0]!.active5m >= book.activity(startMs)[0]!.active5m);
});

test('damaged state begins anew and never throws', () => {
  const book = new UserBook(idleMs);
  for (let i = 0; i < 50; i++) book.note('crm', `u${i}`, `s${i}`, 'GET /', 1, startMs);
  const bytes = book.encode();
  const random = randomNumbers(6);
  const states: Uint8Array[] = [
    new Uint8Array(),
    new Uint8Array(3),
    new Uint8Array(1000),
    new Uint8Array(64).fill(255),
  ];
  for (let length = 0; length < bytes.length; length += 7) states.push(bytes.subarray(0, length));
  for (let i = 0; i < 1000; i++) {
    const mutated = bytes.slice();
    mutated[Math.floor(random() * bytes.length)]! ^= 1 + Math.floor(random() * 255);
    states.push(mutated);
  }
  for (const state of states) assert.deepEqual(UserBook.decode(state, idleMs).activity(startMs), []);
  assert.deepEqual(UserBook.decode(undefined, idleMs).activity(startMs), []);
});

test('state whose check sum was made to fit begins anew too', () => {
  const random = randomNumbers(7);
  const book = new UserBook(idleMs);
  for (let i = 0; i < 5; i++) book.note('crm', `u${i}`, `s${i}`, 'GET /', 1, startMs);
  const bytes = book.encode();
  for (let i = 0; i < 3000; i++) {
    const mutated = bytes.slice();
    const place = 1 + Math.floor(random() * (bytes.length - 5));
    mutated[place] = Math.floor(random() * 256);
    let sum = 0x811c9dc5;
    for (const byte of mutated.subarray(0, -4)) sum = Math.imul(sum ^ byte, 0x01000193);
    new DataView(mutated.buffer).setUint32(mutated.length - 4, sum >>> 0, true);
    const again = UserBook.decode(mutated, idleMs);
    for (const { active24h, sessions } of again.activity(startMs))
      assert.ok(Number.isInteger(active24h) && Number.isInteger(sessions));
    again.note('crm', 'u', 's', 'GET /', 1, startMs);
    again.encode();
  }
});

test('after a clock jumped back, what was noted before counts as of now and ages from there', () => {
  const book = new UserBook(idleMs);
  book.note('crm', 'anna', 's', 'GET /', 3, startMs + 10 * hourMs);
  assert.equal(book.activity(startMs)[0]?.active5m, 1);
  assert.equal(book.activity(startMs + 6 * minuteMs)[0]?.active5m, 0);
  assert.equal(book.activity(startMs + 6 * minuteMs)[0]?.topUsers[0]?.count, 3);
  assert.deepEqual(book.activity(startMs + 24 * hourMs + 1), []);
});

test('a process without users for 24 hours is forgotten; beyond 64 they are counted together', () => {
  const book = new UserBook(idleMs);
  for (let i = 0; i < 100; i++) book.note(`p${i}`, `u${i}`, '', '', 1, startMs);
  const processes = book.activity(startMs);
  assert.equal(processes.length, 65);
  assert.equal(processes.find(({ process }) => process === 'other')?.active5m, 36);
  assert.deepEqual(book.activity(startMs + 25 * hourMs), []);
});

test('names of prototypes are users, sessions, routes and processes', () => {
  const book = new UserBook(idleMs);
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty'])
    book.note(name, name, name, name, 1, startMs);
  assert.deepEqual(
    UserBook.decode(book.encode(), idleMs)
      .activity(startMs)
      .map(({ process, topUsers, topRoutes, sessions }) => [
        process,
        topUsers[0]?.name,
        topRoutes[0]?.name,
        sessions,
      ]),
    ['__proto__', 'constructor', 'hasOwnProperty'].map((name) => [name, name, name, 1]),
  );
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
