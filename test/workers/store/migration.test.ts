import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { buildLayout } from '../../../workers/point/point.ts';
import { openDatabase } from '../../../workers/store/database.ts';
import { schemaVersion } from '../../../workers/store/schema.ts';
import { alertOf, changesOf } from './alerts-made.ts';
import { compactAll, dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { errorGroup, timed } from './insides.ts';

const range = { startMs: dayStartMs, endMs: dayStartMs + 6 * hourMs };
const layout = twoFieldLayout(5);

/**
 * A store that a program of version 1 wrote: 40 ticks of five minutes, three hours of them compacted; the fourth
 * lost 7 points; 123 points are settled for `main`, two of them as refused, none for `behind`. That of version 2 has the
 * same ticks, with a duration and an error group in each tenth; that of version 3 is it, brought to that version.
 */
function oldStore(context: TestContext, version = 1) {
  const parts = storeFor(context, { sinks: ['main', 'behind'] });
  const packed = readFileSync(new URL(`./store-version-${version}.db.gz`, import.meta.url));
  writeFileSync(parts.path, gunzipSync(packed));
  return parts;
}

function versionOf(path: string): unknown {
  const database = openDatabase(path, { readOnly: true });
  const { user_version } = database.prepare('pragma user_version').get()!;
  database.close();
  return user_version;
}

test('a store of version 1 keeps everything when it is brought to the present version', (context) => {
  const { open, read, path } = oldStore(context);
  assert.equal(versionOf(path), 1);
  const store = open();
  assert.equal(versionOf(path), schemaVersion);
  assert.deepEqual(store.notices, []);
  const dropped = { store_failed: 7 };
  assert.deepEqual(store.ledger(), [
    { sink: 'behind', collected: 207, delivered: 0, waiting: 200, quarantined: 0, dropped },
    { sink: 'main', collected: 207, delivered: 121, waiting: 77, quarantined: 2, dropped },
  ]);
  assert.match(store.readBatch('main', 1, '')!.text, /^queue,host=h,queue=q3 waiting=24,active=24 /);
  const reader = read();
  assert.equal(reader.quarantine({ limit: 10 }).length, 2);
  const [samples] = reader.read([1], range.startMs, range.endMs);
  assert.deepEqual(
    [...samples!.values],
    Array.from({ length: 40 }, (_, i) => i),
  );
});

test('a store that was brought to the present version takes what is new, and compacts it', (context) => {
  const { open, read } = oldStore(context);
  const store = open();
  const extras = { ...timed({ tags: { route: '/a' }, durationsUs: [5] }), errorGroups: [errorGroup()] };
  store.append(dayStartMs + 4 * hourMs, [filled(layout, 1)], nothingElse, extras);
  compactAll(store, dayStartMs + 6 * hourMs);
  store.close();
  const again = open();
  const reader = read();
  assert.equal(reader.durations({ filter: {}, by: [], ...range })[0]!.count, 1);
  assert.equal(again.errorGroup('crm', errorGroup().fingerprint)!.count, 3);
  assert.equal(reader.read([1], range.startMs, range.endMs)[0]!.values.length, 41);
});

test('a reader finds nothing new in a store of version 1, until the writer brought it to the present one', (context) => {
  const { open, read, path } = oldStore(context);
  const reader = read();
  assert.deepEqual(reader.durations({ filter: {}, by: [], ...range }), []);
  assert.deepEqual(reader.seriesStats({ measurement: 'http', by: [], ...range }), []);
  assert.deepEqual(reader.errorGroups({ limit: 10 }), []);
  assert.equal(reader.errorGroup('ff'), undefined);
  assert.equal(reader.series().length, 10);
  assert.equal(versionOf(path), 1, 'reading changes nothing');
  const extras = { ...timed({ tags: {}, durationsUs: [5] }), errorGroups: [errorGroup()] };
  open().append(dayStartMs + 4 * hourMs, [filled(layout, 1)], nothingElse, extras);
  assert.equal(reader.durations({ filter: {}, by: [], ...range })[0]!.count, 1);
  assert.equal(reader.errorGroups({ limit: 10 }).length, 1);
  assert.equal(reader.read([1], range.startMs, range.endMs)[0]!.values.length, 41);
});

for (const version of [1, 2]) {
  test(`a store of version ${version} has no alerts until the writer brought it to the present version`, (context) => {
    const { open, read, path } = oldStore(context, version);
    const reader = read();
    assert.deepEqual(reader.keptAlerts().alerts, []);
    assert.deepEqual(reader.alertsPage({ states: ['firing'], limit: 10 }), []);
    assert.equal(reader.alert(alertOf().id), undefined);
    assert.equal(reader.alertRecording(alertOf().id), undefined);
    assert.equal(versionOf(path), version, 'reading changes nothing');
    open().alerts({ do: 'commit', changes: changesOf({ alerts: [alertOf()] }) });
    assert.deepEqual(reader.keptAlerts().alerts, [alertOf()]);
    assert.equal(versionOf(path), schemaVersion);
  });
}

test('a store of version 2 keeps the insides of the service', (context) => {
  const { open, read } = oldStore(context, 2);
  const store = open();
  assert.deepEqual(store.notices, []);
  assert.equal(read().durations({ filter: {}, by: [], ...range })[0]!.count, 4);
  assert.equal(store.errorGroup('crm', errorGroup().fingerprint)!.count, 30);
  assert.equal(read().read([1], range.startMs, range.endMs)[0]!.values.length, 40);
});

test('a store of version 3 has nothing that others wrote, until the writer brought it to the present version', (context) => {
  const { open, read, path } = oldStore(context, 3);
  const reader = read();
  assert.equal(reader.read([1], range.startMs, range.endMs)[0]!.values.length, 40);
  assert.ok(reader.series().every(({ isWritten }) => !isWritten));
  assert.equal(versionOf(path), 3, 'reading changes nothing');
  const store = open();
  const others = buildLayout([{ measurement: 'w', tags: {}, fields: ['v'] }]);
  store.write([{ layout: others, values: Float64Array.of(7), timeMs: dayStartMs + 1 }]);
  assert.deepEqual(
    reader
      .series({ measurement: 'w' })
      .map(({ id, isWritten }) => [isWritten, ...reader.read([id], range.startMs, range.endMs)[0]!.values]),
    [[true, 7]],
  );
  compactAll(store, dayStartMs + 6 * hourMs);
  assert.equal(reader.read([1], range.startMs, range.endMs)[0]!.values.length, 40);
});
