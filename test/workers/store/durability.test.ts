import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openDatabase, transaction } from '../../../workers/store/database.ts';
import { dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { errorGroup } from './insides.ts';
import '../../support/watchdog.ts';

const script = new URL('./children/append-forever.ts', import.meta.url);

test('nothing that was committed is lost when the process is killed', async (context) => {
  const { path, open, read } = storeFor(context);
  let last = -1;
  for (let kill = 0; kill < 5; kill++) {
    const child = spawn(process.execPath, ['--import', 'tsx', script.pathname, path, `${last + 1}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    context.after(() => child.kill('SIGKILL'));
    let told = '';
    child.stdout.on('data', (text) => {
      told += text;
      if (told.split('\n').length > 10 + kill * 17) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const committed = Number(told.trimEnd().split('\n').at(-1));
    const store = open();
    const [entry] = store.ledger();
    assert.equal(entry!.collected, entry!.waiting);
    assert.equal(entry!.collected % 50, 0, 'ticks are whole');
    const batch = store.readBatch('main', 1e6, '')!;
    const { timesMs, values } = read().read([1], dayStartMs, dayStartMs + 1e6)[0]!;
    assert.ok(values.length > committed, `${values.length} ticks are there, ${committed + 1} were committed`);
    assert.deepEqual(
      Array.from(timesMs, (t) => t - dayStartMs),
      Array.from(values),
    );
    assert.equal(batch.points, values.length * 50);
    last = values.length - 1;
    store.close();
  }
});

test('what ticks bring beside their points is there once each, wherever the process was killed', async (context) => {
  const { path, open, read } = storeFor(context);
  const insides = new URL('./children/insides-forever.ts', import.meta.url);
  let last = 0;
  for (let kill = 0; kill < 6; kill++) {
    const child = spawn(process.execPath, ['--import', 'tsx', insides.pathname, path, `${last + 1}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    context.after(() => child.kill('SIGKILL'));
    let told = '';
    child.stdout.on('data', (text) => {
      told += text;
      if (told.split('\n').length > 20 + kill * 37) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const store = open();
    const ticks = store.errorGroup('crm', errorGroup().fingerprint)!.count;
    assert.ok(ticks >= Number(told.trimEnd().split('\n').at(-1)), 'what was told as committed is there');
    assert.deepEqual(store.kept('last'), new Uint8Array(Uint32Array.of(ticks).buffer));
    const range = { startMs: dayStartMs, endMs: dayStartMs + 1e12 };
    const [found] = read().durations({ filter: {}, by: [], ...range });
    assert.deepEqual([found!.count, found!.sumUs, found!.maxUs], [ticks, (ticks * (ticks + 1)) / 2, ticks]);
    last = ticks;
    store.close();
  }
  assert.ok(last * 97_000 > 2 * hourMs, 'hours were compacted meanwhile');
});

test('a worker that is terminated while it writes leaves no lock', async (context) => {
  const { path, open } = storeFor(context);
  // A worker that is not Piscina's does not have the TypeScript loader of its process.
  const code = `require('tsx/cjs/api').register(); require(${JSON.stringify(script.pathname)})`;
  const worker = new Worker(code, {
    eval: true,
    workerData: [path, '0'],
  });
  await once(worker, 'message');
  await worker.terminate();
  const store = open();
  store.append(dayStartMs + 1e6, [filled(twoFieldLayout(1), 1)], nothingElse);
  const [entry] = store.ledger();
  assert.equal(entry!.waiting, store.countWaiting('main'));
});

test('a transaction that throws changes nothing, and the next one works', (context) => {
  const { folder } = storeFor(context);
  const database = openDatabase(`${folder}/any.db`);
  database.exec('create table t(a integer)');
  const insert = database.prepare('insert into t values (?)');
  assert.throws(
    () =>
      transaction(database, () => {
        insert.run(1);
        throw new Error('no');
      }),
    /no/,
  );
  transaction(database, () => insert.run(2));
  assert.deepEqual(
    database
      .prepare<{ a: number }>('select a from t')
      .all()
      .map(({ a }) => a),
    [2],
  );
  database.close();
});

test('an append that fails half way is undone, and the next one has sound names', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const [good, bad] = [twoFieldLayout(2, 'good'), twoFieldLayout(2, 'bad')];
  const broken = { layout: bad, values: new Float64Array(3).fill(1) };
  assert.throws(() => store.append(dayStartMs, [filled(good, 1), broken], nothingElse), RangeError);
  assert.equal(store.collected(), 0);
  store.append(dayStartMs, [filled(good, 2), filled(bad, 3)], nothingElse);
  const reader = read();
  const ids = reader.series({ measurement: 'bad', field: 'active' }).map(({ id }) => id);
  assert.deepEqual(
    reader.read(ids, dayStartMs, dayStartMs + 1).map(({ values }) => [...values]),
    [[3], [3]],
  );
  assert.match(store.readBatch('main', 10, '')!.text, /^good,host=h,queue=q0 waiting=2,active=2 /);
});

test('a tick that was told as failed but is found in the file is not counted as lost as well', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const layout = twoFieldLayout(3);
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  // What a commit leaves whose sync fails: its rows are there, and this store did not say so.
  open().append(dayStartMs + 1, [filled(layout, 2)], nothingElse);
  const broken = { layout, values: new Float64Array(1) };
  assert.throws(() => store.append(dayStartMs + 1, [broken], nothingElse), RangeError);
  store.append(dayStartMs + 2, [filled(layout, 3)], { lostPoints: 3 + 4, overflowPoints: 0 });
  const [entry] = store.ledger();
  assert.deepEqual(
    { collected: entry!.collected, waiting: entry!.waiting, dropped: entry!.dropped },
    { collected: 13, waiting: 9, dropped: { store_failed: 4 } },
  );
  store.append(dayStartMs + 3, [filled(layout, 4)], { lostPoints: 2, overflowPoints: 0 });
  assert.deepEqual(store.ledger()[0]!.dropped, { store_failed: 6 });
});
