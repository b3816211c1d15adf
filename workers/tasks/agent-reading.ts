import type { LedgerEntry, Reading, SourceStatus } from '../contract/tasks.ts';
import { layoutText, type PointKey } from '../point/point.ts';

const ledgerFields = [
  'points_collected_total',
  'points_delivered_total',
  'points_waiting',
  'points_quarantined_total',
];

/**
 * The `agent` points that only the tick worker knows: the state of the sources that it reads itself, and the
 * ledger as it stands before this tick.
 */
export function agentReading(sources: readonly SourceStatus[], ledger: readonly LedgerEntry[]): Reading {
  const points: PointKey[] = [];
  const values: number[] = [];
  for (const { source, up, readMs } of sources) {
    points.push({ measurement: 'agent', tags: { source }, fields: ['source_up', 'read_ms'] });
    values.push(up ? 1 : 0, up ? Math.round(readMs * 1000) / 1000 : Number.NaN);
  }
  for (const { sink, collected, delivered, waiting, quarantined, dropped } of ledger) {
    points.push({ measurement: 'agent', tags: { sink }, fields: ledgerFields });
    values.push(collected, delivered, waiting, quarantined);
    for (const [reason, count] of Object.entries(dropped)) {
      points.push({ measurement: 'agent', tags: { sink, reason }, fields: ['points_dropped_total'] });
      values.push(count);
    }
  }
  return { source: 'agent', layout: layoutText(points), values: Float64Array.from(values) };
}
