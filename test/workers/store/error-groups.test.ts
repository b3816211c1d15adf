import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredErrorGroup } from '../../../workers/contract/events.ts';
import type { ErrorGroupsTask } from '../../../workers/contract/tasks.ts';
import type { Reader } from '../../../workers/store/reader.ts';
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
import { errorGroup, extrasOf } from './insides.ts';

const layout = twoFieldLayout(1);

function shown({ userState: _, ...group }: StoredErrorGroup) {
  return group;
}

/** A number as a fingerprint. */
function print(n: number): string {
  return n.toString(16).padStart(16, '0');
}

/** Lists all groups in pages. */
function paged(reader: Reader, limit: number, between: (page: number) => void = () => {}): string[] {
  const found: string[] = [];
  let before: ErrorGroupsTask['before'];
  for (let page = 0; ; page++) {
    const groups = reader.errorGroups({ limit, before });
    found.push(...groups.map(({ process, fingerprint }) => `${process} ${fingerprint}`));
    if (groups.length < limit) return found;
    before = groups.at(-1)!;
    between(page);
  }
}

test('an error group comes back as it was given, and is replaced by what comes later', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const group = errorGroup();
  store.append(
    dayStartMs,
    [filled(layout, 1)],
    nothingElse,
    extrasOf(group, errorGroup({ process: 'other' })),
  );
  const reader = read();
  assert.deepEqual(store.errorGroup('crm', group.fingerprint), group);
  assert.deepEqual(reader.errorGroup(group.fingerprint, 'crm'), shown(group));
  const later = errorGroup({ count: 9, lastSeenMs: 5000, returnedMs: 5000, message: '', samples: [] });
  store.append(dayStartMs + 1, [], nothingElse, extrasOf(later));
  assert.deepEqual(store.errorGroup('crm', group.fingerprint), later);
  assert.deepEqual(reader.errorGroup(group.fingerprint), shown(later), 'that of the process seen last');
  assert.equal(reader.errorGroup('ff'), undefined);
  assert.equal(store.errorGroup('nobody', group.fingerprint), undefined);
});

test('the state of the estimate of users is not shown', (context) => {
  const { open, read } = storeFor(context);
  open().append(dayStartMs, [], nothingElse, extrasOf(errorGroup()));
  const reader = read();
  assert.ok(!('userState' in reader.errorGroups({ limit: 1 })[0]!));
  assert.ok(!('userState' in reader.errorGroup(errorGroup().fingerprint)!));
});

test('groups are listed by when they were last seen, then by fingerprint and process', (context) => {
  const { open, read } = storeFor(context);
  const groups = [
    errorGroup({ fingerprint: print(3), lastSeenMs: 10 }),
    errorGroup({ fingerprint: print(2), lastSeenMs: 20, process: 'b' }),
    errorGroup({ fingerprint: print(2), lastSeenMs: 20, process: 'a' }),
    errorGroup({ fingerprint: print(1), lastSeenMs: 20, process: 'z' }),
    errorGroup({ fingerprint: print(4), lastSeenMs: 30 }),
  ];
  open().append(dayStartMs, [], nothingElse, extrasOf(...groups));
  const reader = read();
  const expected = [`crm ${print(4)}`, `z ${print(1)}`, `a ${print(2)}`, `b ${print(2)}`, `crm ${print(3)}`];
  for (const limit of [1, 2, 3, 5, 6]) assert.deepEqual(paged(reader, limit), expected);
  assert.deepEqual(
    reader.errorGroups({ limit: 9, process: 'crm' }).map(({ fingerprint }) => fingerprint),
    [print(4), print(3)],
  );
  const before = { lastSeenMs: 20, fingerprint: print(1) };
  assert.equal(reader.errorGroups({ limit: 1, before })[0]!.process, 'a', 'a cursor needs no process');
});

test('who pages while groups are seen again misses no other and sees none twice', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const groups = Array.from({ length: 50 }, (_, i) =>
    errorGroup({ fingerprint: print(i), lastSeenMs: 100 + i }),
  );
  store.append(dayStartMs, [], nothingElse, extrasOf(...groups));
  const found = paged(read(), 7, (page) => {
    const again = errorGroup({ fingerprint: print(page), lastSeenMs: 1000 + page });
    store.append(dayStartMs + page + 1, [], nothingElse, extrasOf(again));
  });
  assert.equal(new Set(found).size, found.length);
  // Those that were seen again before their page came have moved to the front.
  const expected = groups.slice(7).map(({ fingerprint }) => `crm ${fingerprint}`);
  assert.deepEqual(
    expected.filter((group) => !found.includes(group)),
    [],
  );
});

test('groups survive a restart, and any text in them', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const nasty = errorGroup({
    ...{ process: '__proto__', type: 'constructor', message: '\0\ud800 \u{1f4a5}\n"', fingerprint: "'; --" },
    routes: [{ route: '__proto__', count: 1 }],
  });
  store.append(dayStartMs, [], nothingElse, extrasOf(nasty, errorGroup({ process: 'a\0b' })));
  store.close();
  const again = open();
  assert.deepEqual(again.errorGroup('__proto__', "'; --"), nasty);
  assert.equal(again.errorGroup('a\0b', errorGroup().fingerprint)?.process, 'a\u{fffd}b');
});

test('beyond ten thousand groups the longest unseen go', (context) => {
  const { open, count, read } = storeFor(context);
  const store = open();
  for (let from = 0; from < 10_050; from += 1005) {
    const groups = Array.from({ length: 1005 }, (_, i) =>
      errorGroup({ fingerprint: print(from + i), lastSeenMs: 20_000 - from - i }),
    );
    store.append(dayStartMs + from, [], nothingElse, extrasOf(...groups));
  }
  assert.equal(count('error_group'), 10_000);
  assert.ok(read().errorGroup(print(9998)));
  const newer = errorGroup({ fingerprint: print(20_000), lastSeenMs: 30_000 });
  store.append(dayStartMs + 20_000, [], nothingElse, extrasOf(newer));
  assert.equal(count('error_group'), 10_000);
  assert.equal(store.errorGroup('crm', print(0))?.lastSeenMs, 20_000);
});

test('groups unseen for longer than minutes are kept are forgotten', (context) => {
  const retention = { rawMs: hourMs, minuteMs: 10 * hourMs, hourMs: 900 * hourMs };
  const { open } = storeFor(context, { sinks: [], retention });
  const store = open();
  const groups = Array.from({ length: 250 }, (_, i) =>
    errorGroup({ fingerprint: print(i), lastSeenMs: dayStartMs + i }),
  );
  const kept = errorGroup({ lastSeenMs: dayStartMs + 5 * hourMs });
  store.append(dayStartMs, [], nothingElse, extrasOf(...groups, kept));
  for (let t = 0; t <= 13 * hourMs; t += 20 * 60_000) compactAll(store, dayStartMs + t);
  assert.equal(store.errorGroup('crm', print(249)), undefined);
  assert.ok(store.errorGroup('crm', kept.fingerprint));
});

test('over the quota, error groups keep to their part of it, and history goes next', (context) => {
  const { open, count } = storeFor(context, { sinks: [] });
  const store = open();
  for (let i = 0; i < 40; i++) store.append(dayStartMs + i * hourMs, [filled(layout, i)], nothingElse);
  compactAll(store, dayStartMs + 41 * hourMs);
  const message = 'm'.repeat(20_000);
  const groups = Array.from({ length: 300 }, (_, i) =>
    errorGroup({ fingerprint: print(i), lastSeenMs: i, message }),
  );
  store.append(dayStartMs + 41 * hourMs, [], nothingElse, extrasOf(...groups));
  store.configure({ ...settings, sinks: [], quotaBytes: 5_000_000 });
  const chunks = count('chunk');
  compactAll(store, dayStartMs + 41 * hourMs);
  assert.ok(store.bytesUsed() <= 5_000_000);
  assert.equal(count('chunk'), chunks);
  assert.ok(store.errorGroup('crm', print(299)), 'the newest is there');
  assert.equal(store.errorGroup('crm', print(0)), undefined);
});

test('kept state is what was given last under its name', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const keep = (t: number, name: string, bytes: Uint8Array) =>
    store.append(dayStartMs + t, [], nothingElse, {
      histograms: null,
      errorGroups: [],
      kept: [{ name, bytes }],
    });
  keep(0, 'users', Uint8Array.of(1, 2, 3));
  keep(1, 'empty', new Uint8Array(0));
  keep(2, 'users', new Uint8Array(300_000).fill(7));
  store.close();
  const again = open();
  assert.deepEqual(again.kept('users'), new Uint8Array(300_000).fill(7));
  assert.deepEqual(again.kept('empty'), new Uint8Array(0));
  assert.equal(again.kept('nothing'), undefined);
});
