import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Database, openDatabase, type SqlValue } from '../../../workers/store/database.ts';

function databaseFor(context: TestContext): { database: Database; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'nova-sql-'));
  const path = join(folder, 'odd name?#%.db');
  const database = openDatabase(path);
  context.after(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  database.exec('create table t(id integer primary key, v)');
  return { database, path };
}

test('blobs come back as they were, however they are asked for', (context) => {
  const { database } = databaseFor(context);
  const blob = Uint8Array.from([0, 1, 255, 0]);
  const part = new Uint8Array(blob.buffer, 1, 2);
  const insert = database.prepare('insert into t(v) values (?)');
  assert.deepEqual(insert.run(blob), { changes: 1, lastId: 1 });
  insert.run(part);
  insert.run(new Uint8Array(0));
  const expected = [blob, part, new Uint8Array(0)];
  const rows = database.prepare<{ v: Uint8Array }>('select v from t order by id').all();
  assert.deepEqual(
    rows.map(({ v }) => [v.constructor, [...v]]),
    expected.map((v) => [Uint8Array, [...v]]),
  );
  const one = database.prepare<{ v: Uint8Array }>('select v from t where id = ?');
  assert.deepEqual(
    expected.map((_, i) => [...one.get(i + 1)!.v]),
    expected.map((v) => [...v]),
  );
});

test('text, numbers and null come back as they were', (context) => {
  const { database } = databaseFor(context);
  const insert = database.prepare('insert into t(v) values (?)');
  const values: SqlValue[] = ['Ünï ✓', '', 1.5, -0.1, 2 ** 52, null];
  for (const value of values) insert.run(value);
  assert.deepEqual(
    database
      .prepare<{ v: SqlValue }>('select v from t order by id')
      .all()
      .map(({ v }) => v),
    values,
  );
});

for (const value of [Number.NaN, Number.POSITIVE_INFINITY, true, undefined, {}, 'a\0b', 10n]) {
  test(`binding ${typeof value} ${JSON.stringify(typeof value === 'bigint' ? `${value}` : value)} ${Object.is(value, Number.NaN) ? 'NaN ' : ''}is refused before it reaches SQLite`, (context) => {
    const { database } = databaseFor(context);
    const insert = database.prepare('insert into t(v) values (?)');
    assert.throws(() => insert.run(value as SqlValue), { name: 'StoreError', code: 'sql' });
  });
}

test('a row that is not there is undefined', (context) => {
  const { database } = databaseFor(context);
  assert.equal(database.prepare('select v from t where id = ?').get(1), undefined);
});

test('a read-only connection cannot write', (context) => {
  const { path } = databaseFor(context);
  const reader = openDatabase(path, { readOnly: true });
  assert.throws(() => reader.exec('insert into t(v) values (1)'), { code: 'readonly' });
  reader.close();
});

test('a read-only connection does not make a file', (context) => {
  const { path } = databaseFor(context);
  assert.throws(() => openDatabase(`${path}.none`, { readOnly: true }), { code: 'io' });
});

test('a lock of somebody else is told as busy', (context) => {
  const { database, path } = databaseFor(context);
  const other = openDatabase(path, { busyTimeoutMs: 0 });
  database.exec('begin immediate');
  assert.throws(() => other.exec('begin immediate'), { code: 'busy' });
  database.exec('rollback');
  other.close();
});

test('a result that was not read to its end holds no lock', (context) => {
  const { database, path } = databaseFor(context);
  database.exec('pragma journal_mode = wal');
  for (let i = 0; i < 10; i++) database.prepare('insert into t(v) values (?)').run(i);
  assert.ok(database.prepare('select v from t').get());
  const other = openDatabase(path, { busyTimeoutMs: 0 });
  other.exec('insert into t(v) values (11)');
  const checkpoint = other.prepare<{ busy: number }>('pragma wal_checkpoint(truncate)').get();
  assert.equal(checkpoint?.busy, 0);
  other.close();
});
