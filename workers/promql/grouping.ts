import type { Frame } from './frame.ts';
import { Labels } from './labels.ts';
import type { Aggregate } from './nodes.ts';

/** Rows that are aggregated together, in the order of the vector. */
export interface Group {
  labels: Labels;
  readonly rows: number[];
}

/** `by` keeps the named labels, `without` all others but the metric's name. */
export function groupLabels(labels: Labels, { grouping, without }: Aggregate): Labels {
  if (without) return labels.filter((name) => name !== '__name__' && !grouping.includes(name));
  return grouping.length === 0 ? Labels.none : labels.filter((name) => grouping.includes(name));
}

export function groupsOf(frame: Frame, expr: Aggregate): Group[] {
  const groups = new Map<string, Group>();
  frame.labels.forEach((own, row) => {
    const labels = groupLabels(own, expr);
    const known = groups.get(labels.key);
    if (known === undefined) groups.set(labels.key, { labels, rows: [row] });
    else {
      known.rows.push(row);
      if (labels.dropsName) known.labels = known.labels.marked;
    }
  });
  return [...groups.values()];
}
