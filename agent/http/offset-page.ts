import { cursorOf } from './schemas.ts';

/** The cursor of lists that are in the order of the moment, such as the most frequent first: how many came before. */
export const offsetCursor = cursorOf('^\\d{1,6}$');

export interface OffsetQuery {
  readonly limit: number;
  readonly before?: string | undefined;
}

/** The rows behind those that an earlier answer had, and the cursor to those behind these where there are any. */
export function offsetPage<T>(
  rows: readonly T[],
  { limit, before = '0' }: OffsetQuery,
): { readonly page: readonly T[]; readonly next: { readonly next?: string } } {
  const end = Number(before) + limit;
  return { page: rows.slice(Number(before), end), next: end < rows.length ? { next: String(end) } : {} };
}
