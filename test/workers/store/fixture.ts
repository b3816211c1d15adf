import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLayout, type Layout, type PointKey, type Section } from '../../../workers/point/point.ts';
import { openDatabase } from '../../../workers/store/database.ts';
import { openReader, type Reader } from '../../../workers/store/reader.ts';
import { openStore, type Store, type StoreSettings } from '../../../workers/store/store.ts';

export const hourMs = 3_600_000;
/** The start of an hour, and of a day. */
export const dayStartMs = 19_700 * 24 * hourMs;
export const nothingElse = { lostPoints: 0, overflowPoints: 0 };

export const settings: StoreSettings = {
  sinks: ['main'],
  quotaBytes: 2 ** 31,
  retention: { rawMs: 14 * 24 * hourMs, minuteMs: 90 * 24 * hourMs, hourMs: 730 * 24 * hourMs },
};

/** A store in a folder of its own, removed when the test ends. */
export function storeFor(context: { after(end: () => void): void }, changed: Partial<StoreSettings> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nova-store-'));
  const path = join(folder, 'store.db');
  const all = { ...settings, ...changed };
  const time = { nowMs: dayStartMs };
  const opened: (Store | Reader)[] = [];
  context.after(() => {
    for (const each of opened) each.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (other: Partial<StoreSettings> = {}): Store => {
    const store = openStore(path, { ...all, ...other }, () => time.nowMs);
    opened.push(store);
    return store;
  };
  const read = (): Reader => {
    const reader = openReader(path);
    opened.push(reader);
    return reader;
  };
  /** Rows of a table, as another process sees them. */
  const count = (table: string): number => {
    const database = openDatabase(path, { readOnly: true });
    const { n } = database.prepare<{ n: number }>(`select count(*) n from ${table}`).get()!;
    database.close();
    return n;
  };
  return { folder, path, time, open, read, count };
}

/** `count` points of two fields each. */
export function twoFieldLayout(count: number, measurement = 'queue'): Layout {
  return buildLayout(
    Array.from(
      { length: count },
      (_, i): PointKey => ({
        measurement,
        tags: { host: 'h', queue: `q${i}` },
        fields: ['waiting', 'active'],
      }),
    ),
  );
}

/** A section with all values of `layout` set to `value`. */
export function filled(layout: Layout, value: number): Section {
  return { layout, values: new Float64Array(layout.width).fill(value) };
}

/** Background work until there is none. */
export function compactAll(store: Store, nowMs: number): void {
  for (let slices = 0; store.compact(nowMs).more; slices++) {
    if (slices > 100_000) throw new Error('background work does not end');
  }
}
