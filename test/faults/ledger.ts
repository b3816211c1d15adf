import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import type { LedgerView, ReadyReport } from '../../agent/ready-shape.ts';
import type { QuarantinedPoint } from '../../workers/contract/tasks.ts';
import { seriesKey } from '../../workers/point/point.ts';
import { openDatabase } from '../../workers/store/database.ts';
import { openReader } from '../../workers/store/reader.ts';
import { openStore, type StoreSettings } from '../../workers/store/store.ts';

const dayMs = 86_400_000;

export function storeSettings(sinks: readonly string[]): StoreSettings {
  return {
    sinks,
    quotaBytes: 2 ** 31,
    retention: { rawMs: 14 * dayMs, minuteMs: 90 * dayMs, hourMs: 730 * dayMs },
  };
}

export function droppedOf(entry: LedgerView): number {
  return Object.values(entry.dropped).reduce((sum, points) => sum + points, 0);
}

/** collected = delivered + waiting + quarantined + dropped, for every sink. */
export function assertBalanced(ledger: readonly LedgerView[]): void {
  for (const entry of ledger) {
    const { sink, collected, delivered, waiting, quarantined } = entry;
    const sum = delivered + waiting + quarantined + droppedOf(entry);
    assert.equal(sum, collected, `ledger of ${sink}: ${JSON.stringify(entry)}`);
    assert.ok(
      [delivered, waiting, quarantined].every((points) => points >= 0),
      JSON.stringify(entry),
    );
  }
}

/** The balanced ledger of one sink as `/ready` tells it. */
export function entryOf(report: ReadyReport, sink = 'influx'): LedgerView {
  assertBalanced(report.ledger);
  const entry = report.ledger.find((each) => each.sink === sink);
  assert.ok(entry, `no ledger of ${sink}: ${JSON.stringify(report)}`);
  return entry;
}

/** What lies in a store. */
export interface StoreContent {
  readonly ledger: readonly LedgerView[];
  /** Identity and time of every point, as `pointName` writes them. */
  readonly points: ReadonlySet<string>;
  readonly timesMs: ReadonlySet<number>;
  readonly quarantine: readonly QuarantinedPoint[];
}

/** One text for one point: its series but for the field, and its time. */
export function pointName(
  measurement: string,
  tags: Readonly<Record<string, string>>,
  timeMs: number,
): string {
  return `${timeMs} ${seriesKey(measurement, tags, '')}`;
}

/**
 * Reads the store of an agent that has ended, however, as the next start would find it; the files stay as they are.
 * Asserts that the file is whole, and that its ledger holds and agrees with its rows.
 */
export function readStore(dataDir: string, sinks: readonly string[] = ['influx']): StoreContent {
  const folder = mkdtempSync(join(tmpdir(), 'nova-store-copy-'));
  const path = join(folder, 'store.db');
  try {
    for (const end of ['', '-wal']) {
      const file = storePathOf(dataDir) + end;
      if (existsSync(file)) copyFileSync(file, path + end);
    }
    const database = openDatabase(path);
    const check = database.prepare('pragma integrity_check').all();
    database.close();
    assert.deepEqual(
      check.map((row) => ({ ...row })),
      [{ integrity_check: 'ok' }],
    );
    const store = openStore(path, storeSettings(sinks));
    const ledger = store.ledger();
    assertBalanced(ledger);
    for (const { sink, waiting } of ledger) assert.equal(store.countWaiting(sink), waiting);
    store.close();
    const reader = openReader(path);
    const points = new Set<string>();
    const timesMs = new Set<number>();
    for (const { measurement, tags, timeMs } of reader.points(0, 8e15)) {
      const name = pointName(measurement, tags, timeMs);
      assert.ok(!points.has(name), `stored twice: ${name}`);
      points.add(name);
      timesMs.add(timeMs);
    }
    const quarantine = reader.quarantine({ limit: 10_000 });
    reader.close();
    return { ledger, points, timesMs, quarantine };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
