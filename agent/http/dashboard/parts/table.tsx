import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { type Order, sortedRows } from './table-order.ts';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** A longer word for it. */
  readonly hint?: string;
  /** By this it is sorted and filtered; null is not known and comes last. */
  readonly value: (row: Row) => string | number | null;
  /** What is shown; the value itself unless given. */
  readonly cell?: (row: Row) => ComponentChildren;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** `less`: left out on a phone. `wide`: takes what room is left. */
  readonly room?: 'less' | 'wide';
}

export interface TableProps<Row> {
  /** What it is a table of, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** How it is sorted at first; as given unless told. */
  readonly order?: Order;
  /** Follows the order, such as into the address. */
  readonly onOrder?: (order: Order) => void;
  /** Rows that have this in any value are shown. */
  readonly filter?: string;
  /** Rows shown at first, and more at a time; 50 unless told. */
  readonly pageSize?: number;
  /** Makes the first cell a link that opens the row. */
  readonly hrefOf?: (row: Row) => string;
  readonly selectedKey?: string | undefined;
  /** Instead of rows, when there are none. */
  readonly empty?: ComponentChildren;
}

export function Table<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, keyOf, filter = '', pageSize = 50, hrefOf, selectedKey, empty } = props;
  const [order, setOrder] = useState<Order | undefined>(props.order);
  const [pages, setPages] = useState(1);
  const kept = sortedRows(rows, columns, filter, order);
  const shown = kept.slice(0, pages * pageSize);
  const sortBy = (column: Column<Row>) => {
    const isSame = order?.key === column.key;
    const isDescending = isSame ? !order.isDescending : column.isNumber === true;
    const next = { key: column.key, isDescending };
    setOrder(next);
    props.onOrder?.(next);
  };
  if (rows.length === 0) return <div class="empty">{empty ?? 'There is nothing yet.'}</div>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="table-room" aria-label={caption} tabIndex={0}>
        <table>
          <caption class="for-readers">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading key={column.key} column={column} order={order} onSort={() => sortBy(column)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => {
              const key = keyOf(row);
              return (
                <tr key={key} class={key === selectedKey ? 'is-selected' : undefined}>
                  {columns.map((column, at) => (
                    <Cell
                      key={column.key}
                      column={column}
                      row={row}
                      href={at === 0 ? hrefOf?.(row) : undefined}
                    />
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      {kept.length === 0 && <p class="empty">No row has “{filter}” in it.</p>}
      {kept.length > shown.length && (
        <p class="table-more">
          <button type="button" onClick={() => setPages(pages + 1)}>
            {kept.length - shown.length} more
          </button>
        </p>
      )}
    </>
  );
}

interface HeadingProps<Row> {
  readonly column: Column<Row>;
  readonly order: Order | undefined;
  readonly onSort: () => void;
}

function Heading<Row>({ column, order, onSort }: HeadingProps<Row>) {
  const isSorted = order?.key === column.key;
  const direction = order?.isDescending ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={isSorted ? direction : 'none'} class={classOf(column)} title={column.hint}>
      <button type="button" onClick={onSort}>
        {column.title}
        {isSorted && <Icon name={order.isDescending ? 'down' : 'up'} />}
      </button>
    </th>
  );
}

function Cell<Row>({ column, row, href }: { column: Column<Row>; row: Row; href: string | undefined }) {
  const inside = column.cell ? column.cell(row) : (column.value(row) ?? '–');
  return <td class={classOf(column)}>{href ? <a href={href}>{inside}</a> : inside}</td>;
}

function classOf<Row>({ isNumber, room }: Column<Row>): string | undefined {
  const classes = [isNumber && 'is-number', room && `room-${room}`].filter(Boolean).join(' ');
  return classes === '' ? undefined : classes;
}
