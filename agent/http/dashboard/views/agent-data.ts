import type { PointCounts } from '../../../ledger-shape.ts';
import { formatCount } from '../format.ts';

/** As /api/monitoring/quarantine has them. */
export interface RefusedPoint {
  readonly id: number;
  readonly sink: string;
  readonly line: string;
  readonly truncated: boolean;
  readonly reason: string;
  readonly refusedAt: string;
}

export interface Term {
  readonly name: string;
  readonly count: number;
  /** What it is, for who does not know. */
  readonly hint: string;
}

/** The right side of the ledger's equation, each reason of dropping for itself. */
export function termsOf({ delivered, waiting, quarantined, dropped }: PointCounts): Term[] {
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  return [
    { name: 'delivered', count: delivered, hint: 'the destination has confirmed them' },
    { name: 'waiting', count: waiting, hint: 'on disk, still to be delivered' },
    { name: 'quarantined', count: quarantined, hint: 'refused by the destination, kept with the reason' },
    ...(reasons.length === 0
      ? [{ name: 'dropped', count: 0, hint: 'given up, each with a reason' }]
      : reasons.map(([reason, count]) => ({
          name: `dropped (${reason.replaceAll('_', ' ')})`,
          count,
          hint: droppedHints[reason] ?? 'given up for this reason',
        }))),
  ];
}

const droppedHints: Readonly<Record<string, string>> = {
  overflow: 'their measurement has too many tag sets',
  spool_drop: 'somebody gave them up',
  quarantine_full: 'more were refused than are kept',
  store_failed: 'the store could not take them',
  store_damaged: 'the store was damaged',
  quota: 'the store was full before they could be delivered',
  sink_removed: 'the destination left the configuration',
};

/** The equation in words, for screen readers. */
export function equationText(counts: PointCounts): string {
  const right = termsOf(counts).map(({ name, count }) => `${formatCount(count)} ${name}`);
  return `${formatCount(counts.collected)} collected = ${right.join(' + ')}`;
}

/** What the agent does about its price. */
export function budgetText(level: number, intervalMs: number): string {
  const seconds = `${intervalMs / 1000} s`;
  if (level === 0) return `within its budget, a reading every ${seconds}`;
  if (level === 1) return 'over its budget: dear readings come less often';
  return `over its budget: dear readings come less often, and the interval is ${seconds}`;
}
