import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { test } from 'node:test';
import { openDatabase } from '../../../workers/store/database.ts';
import { openStore } from '../../../workers/store/store.ts';
import { alertOf, changesOf, groupOf, notificationOf, silenceOf } from './alerts-made.ts';
import {
  compactAll,
  dayStartMs,
  filled,
  hourMs,
  nothingElse,
  settings,
  storeFor,
  twoFieldLayout,
} from './fixture.ts';

const layout = twoFieldLayout(50);

/** A closed store with an hour of history, 50 points delivered, 3 refused and 47 given to nobody yet. */
function filledStore(context: Parameters<typeof storeFor>[0]) {
  const parts = storeFor(context);
  const store = parts.open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  store.append(dayStartMs + 2 * hourMs, [filled(layout, 2)], nothingElse);
  compactAll(store, dayStartMs + 2 * hourMs);
  const { from, to } = store.readBatch('main', 53, '')!;
  const quarantined = ['a', 'b', 'c'].map((line) => ({ line, reason: 'no' }));
  store.settle('main', { from, to, delivered: 50, quarantined });
  store.close();
  return parts;
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

test('a file that is no database is set aside, and a fresh store begun', (context) => {
  const { path, open, folder } = storeFor(context);
  writeFileSync(path, 'not a database '.repeat(1000));
  const store = open();
  assert.match(
    store.notices.join(),
    /was damaged .*: set aside as .*store\.damaged-\d{8}T\d{6}Z\.db, a fresh one is begun/,
  );
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  assert.equal(store.ledger()[0]!.waiting, 50);
  const [aside] = readdirSync(folder).filter((name) => name.startsWith('store.damaged-'));
  assert.match(readFileSync(`${folder}/${aside}`, 'latin1'), /^not a database /);
});

test('the ledger of a damaged store is carried over, and what lay in it is counted as dropped', (context) => {
  const { path, open } = filledStore(context);
  const database = openDatabase(path, { readOnly: true });
  const { root } = database
    .prepare<{ root: number }>("select rootpage root from sqlite_master where name = 'tick'")
    .get()!;
  database.close();
  overwrite(path, (root - 1) * 8192, new Uint8Array(8192).fill(0xa5));
  const store = open();
  assert.equal(store.notices.length, 1);
  store.append(dayStartMs + 3 * hourMs, [filled(layout, 1)], nothingElse);
  assert.deepEqual(store.ledger(), [
    {
      sink: 'main',
      collected: 150,
      delivered: 50,
      waiting: 50,
      quarantined: 0,
      dropped: { store_damaged: 50 },
    },
  ]);
  assert.equal(store.countWaiting('main'), 50);
});

test('alerts, silences and what waits to be sent are carried over from a damaged store', (context) => {
  const { path, open } = filledStore(context);
  const before = open();
  const changes = changesOf({
    alerts: [alertOf()],
    groups: [groupOf({ notifiedFiring: [alertOf().id] })],
    notifications: [notificationOf()],
  });
  before.alerts({ do: 'commit', changes });
  before.alerts({ do: 'silence', silence: silenceOf() });
  const acknowledgement = { by: 'ann', comment: '', atMs: 1 };
  before.alerts({ do: 'acknowledge', alertId: alertOf().id, acknowledgement });
  const kept = before.keptAlerts();
  before.close();
  const database = openDatabase(path, { readOnly: true });
  const { root } = database
    .prepare<{ root: number }>("select rootpage root from sqlite_master where name = 'minute'")
    .get()!;
  database.close();
  overwrite(path, (root - 1) * 8192, new Uint8Array(8192).fill(0xa5));
  const store = open();
  assert.equal(store.notices.length, 1);
  assert.deepEqual(store.keptAlerts(), kept);
  assert.equal(kept.waiting.length, 1);
});

test('a file that this process checked is not read whole again by the worker that takes over', (context) => {
  const { path, open } = filledStore(context);
  const database = openDatabase(path, { readOnly: true });
  const { root } = database
    .prepare<{ root: number }>("select rootpage root from sqlite_master where name = 'minute'")
    .get()!;
  database.close();
  overwrite(path, (root - 1) * 8192, new Uint8Array(8192).fill(0xa5));
  const taken = openStore(path, settings, () => dayStartMs, true);
  assert.deepEqual(taken.notices, []);
  taken.close();
  assert.equal(open().notices.length, 1, 'who does not know it checks it');
});

test('damage that is met while running is set aside too, and the next append works', (context) => {
  const { path, open } = storeFor(context);
  const wide = twoFieldLayout(2000);
  const before = open();
  for (let i = 0; i < 100; i++) before.append(dayStartMs + i, [filled(wide, i)], nothingElse);
  before.close();
  const store = open();
  // What is in the cache of the connection, 1 MB, is not missed.
  overwrite(path, 8192 * 20, new Uint8Array(8192 * 300).fill(0xa5));
  assert.throws(
    () => {
      for (let points = 1; points <= 200_000; points *= 2) store.readBatch('main', points, '');
    },
    { code: 'damaged' },
  );
  assert.equal(store.notices.length, 1);
  store.append(dayStartMs + hourMs, [filled(layout, 1)], nothingElse);
  assert.deepEqual(store.ledger(), [
    {
      sink: 'main',
      collected: 200_050,
      delivered: 0,
      waiting: 50,
      quarantined: 0,
      dropped: { store_damaged: 200_000 },
    },
  ]);
});

test('a tick whose bytes make no sense is dropped and counted, and the ones behind it are delivered', (context) => {
  const { path, open } = storeFor(context);
  const store = open();
  for (let i = 0; i < 4; i++) store.append(dayStartMs + i, [filled(layout, i)], nothingElse);
  const database = openDatabase(path);
  database.prepare('update tick set sections = ? where seq = 2').run(new Uint8Array(17).fill(7));
  database.prepare('update tick set sections = zeroblob(0) where seq = 3').run();
  database.close();
  let points = 0;
  for (let batch = store.readBatch('main', 1000, ''); batch; batch = store.readBatch('main', 1000, '')) {
    points += batch.points;
    store.settle('main', { from: batch.from, to: batch.to, delivered: batch.points, quarantined: [] });
  }
  assert.equal(points, 100);
  assert.deepEqual(store.ledger()[0]!.dropped, { store_damaged: 100 });
});

test('a chunk that cannot be read is a gap, not an error', (context) => {
  const { path, open, read } = storeFor(context, { sinks: [] });
  const store = open();
  for (const hour of [0, 1]) store.append(dayStartMs + hour * hourMs, [filled(layout, 1)], nothingElse);
  compactAll(store, dayStartMs + 3 * hourMs);
  const database = openDatabase(path);
  const first = 'key = (select min(key) from chunk)';
  database.prepare(`update chunk set data = x'ffff' where ${first}`).run();
  database.prepare("update minute set data = x'ff' where key = (select min(key) from minute)").run();
  database.close();
  const reader = read();
  assert.deepEqual(
    [...reader.read([1], dayStartMs, dayStartMs + 2 * hourMs)[0]!.timesMs],
    [dayStartMs + hourMs],
  );
  assert.equal(Array.from(reader.points(dayStartMs, dayStartMs + 2 * hourMs)).length, 100);
  const [buckets] = reader.buckets([1], {
    startMs: dayStartMs,
    endMs: dayStartMs + 2 * hourMs,
    stepMs: 60_000,
  });
  assert.equal(buckets!.counts[0], 1, 'the hour stands in');
});

test('a store of a newer version is refused and left as it is', (context) => {
  const { path, open, read } = filledStore(context);
  const database = openDatabase(path);
  database.exec('pragma user_version = 99');
  database.close();
  const before = readFileSync(path);
  assert.throws(() => open(), { code: 'foreign', message: /newer version \(99/ });
  assert.throws(() => read(), { code: 'foreign' });
  assert.deepEqual(readFileSync(path), before);
});

test('a database of another program is refused and left as it is', (context) => {
  const { path, open } = storeFor(context);
  const database = openDatabase(path);
  database.exec('create table theirs(a)');
  database.close();
  assert.throws(() => open(), { code: 'foreign' });
  assert.deepEqual(openTables(path), ['theirs']);
});

test('a store that was not closed goes on where it was', (context) => {
  const { path, open, folder } = storeFor(context);
  const running = open();
  running.append(dayStartMs, [filled(layout, 1)], nothingElse);
  const copy = `${folder}/copy.db`;
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${copy}${end}`);
  const database = openDatabase(copy);
  assert.equal(database.prepare<{ clean: number }>('select clean from state').get()!.clean, 0);
  assert.equal(database.prepare<{ n: number }>('select count(*) n from tick').get()!.n, 1);
  database.close();
});

function openTables(path: string): string[] {
  const database = openDatabase(path, { readOnly: true });
  const names = database.prepare<{ name: string }>('select name from sqlite_master').all();
  database.close();
  return names.map(({ name }) => name);
}
