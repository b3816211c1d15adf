import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledgerReport } from '../../../agent/pipeline/ledger-report.ts';
import { SelfStats } from '../../../agent/selfstats.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { RingReader } from '../../../workers/ring/ring-reader.ts';

const limits = { cpuPercent: 2, configuredIntervalMs: 2000, storeQuotaBytes: 1e9 };
const entry = {
  ...{ sink: 'main', collected: 100, delivered: 60, waiting: 30, quarantined: 6 },
  dropped: { overflow: 3, quota: 1 },
};
const state = {
  ...{ lastTickMs: 1_700_000_000_000, ticks: 3, committed: true, problem: '', collected: 100 },
  ...{ sources: [], ledger: [entry] },
};

function report(sinks: readonly { sink: string; up: boolean; problem: string }[], ledger = [entry]) {
  const stats = new SelfStats();
  stats.intervalMs = 4000;
  stats.budgetLevel = 2;
  const ring = new RingReader(createRingBuffers(2000));
  return ledgerReport({ state: { ...state, ledger }, sinks, stats, ring, limits });
}

test('the ledger says what the equation leaves over', () => {
  const [main] = report([{ sink: 'main', up: true, problem: '' }]).sinks;
  assert.equal(main!.points!.difference, 0);
  const [wrong] = report([{ sink: 'main', up: true, problem: '' }], [{ ...entry, delivered: 55 }]).sinks;
  assert.equal(wrong!.points!.difference, 5);
});

test('a destination that takes no points has none, and one that left the configuration is still accounted for', () => {
  const { sinks } = report([{ sink: 'redis', up: false, problem: 'away' }]);
  assert.deepEqual(
    sinks.map(({ sink, up, points }) => [sink, up, points?.collected ?? null]),
    [
      ['redis', false, null],
      ['main', false, 100],
    ],
  );
  assert.match(sinks[1]!.problem, /not in the configuration/);
});

test('what is not known of the cost is null, and the budget is told with what it does', () => {
  const { cost, budget } = report([]);
  assert.deepEqual([cost.cpuPercent, cost.rssBytes, cost.storeBytes], [null, null, null]);
  assert.deepEqual(budget, { ...limits, level: 2, intervalMs: 4000 });
});
