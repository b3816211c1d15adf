import type { PointKey } from '../../workers/point/point.ts';

/** `count` points of the measurement `bulk`, told apart by the tag `item`. */
export function bulkKeys(count: number, fields: readonly string[] = ['a', 'b']): PointKey[] {
  return Array.from({ length: count }, (_, i) => ({
    measurement: 'bulk',
    tags: { host: 'h', item: `${i}` },
    fields,
  }));
}
