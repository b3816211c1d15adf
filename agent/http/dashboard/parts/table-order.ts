export interface Order {
  readonly key: string;
  readonly isDescending: boolean;
}

interface Sortable<Row> {
  readonly key: string;
  readonly value: (row: Row) => string | number | null;
}

/** The rows that have the words of `filter` in their values, in order; what is not known comes last either way. */
export function sortedRows<Row>(
  rows: readonly Row[],
  columns: readonly Sortable<Row>[],
  filter: string,
  order: Order | undefined,
): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const hasWords = (row: Row) => {
    const text = columns
      .map(({ value }) => value(row) ?? '')
      .join('\n')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const kept = words.length === 0 ? rows : rows.filter(hasWords);
  const column = columns.find(({ key }) => key === order?.key);
  if (!column || !order) return kept;
  const sign = order.isDescending ? -1 : 1;
  return [...kept].sort((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * compare(left, right);
  });
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return words.compare(String(a), String(b));
}
const words = new Intl.Collator('en', { numeric: true });
