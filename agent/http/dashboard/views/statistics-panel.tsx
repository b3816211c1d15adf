import { navigate, useAddress } from '../address.ts';
import { getJson } from '../api.ts';
import { type Loaded, useData } from '../data.ts';
import { formatMs } from '../format.ts';
import { type Column, Panel, Table } from '../parts/index.ts';
import { lengthMs, type TimeRange } from '../time-range.ts';
import { FilterBox } from './filter-box.tsx';
import type { StatisticsAnswer } from './statistics-rows.ts';
import { parseSort, sortText } from './table-sort.ts';
import { rangeQuery, rangeWords, refreshMs } from './view-range.ts';

/** Rows of a table: more than anybody reads, fewer than would make the page slow. */
const mostRows = 2000;

/** Rows of `/api/monitoring/{routes,queries,jobs}` over the range of the page. */
export function useStatistics<Row>(path: string, range: TimeRange): Loaded<StatisticsAnswer<Row>> {
  const load = (signal: AbortSignal) =>
    getJson<StatisticsAnswer<Row>>(
      `/api/monitoring/${path}`,
      { ...rangeQuery(range), limit: mostRows },
      signal,
    );
  return useData(load, [path, JSON.stringify(range)], { everyMs: refreshMs(range) });
}

export interface StatisticsPanelProps<Row> {
  readonly title: string;
  readonly filterLabel: string;
  readonly from: Loaded<StatisticsAnswer<Row>>;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly hrefOf: (row: Row) => string;
  readonly defaultSort: string;
  readonly openKey: string | undefined;
  readonly empty: preact.ComponentChildren;
}

/** The table of a range: sorted and narrowed by what the address says. */
export function StatisticsPanel<Row>(props: StatisticsPanelProps<Row>) {
  const { title, filterLabel, from, columns, keyOf, hrefOf, defaultSort, openKey, empty } = props;
  const { params, range } = useAddress();
  const rows = from.data?.data ?? [];
  return (
    <Panel
      title={title}
      from={from}
      note={rows.length > 0 && from.data && overText(range, from.data.windowSeconds * 1000, rows.length)}
      actions={<FilterBox label={filterLabel} />}
      empty={from.data !== undefined && rows.length === 0 && empty}
    >
      <Table
        caption={`${title} of the range`}
        columns={columns}
        rows={rows}
        keyOf={keyOf}
        order={parseSort(params.sort) ?? parseSort(defaultSort)}
        onOrder={(order) => navigate({ params: { sort: sortText(order) } }, { replace: true })}
        filter={params.filter ?? ''}
        hrefOf={hrefOf}
        selectedKey={openKey}
      />
    </Panel>
  );
}

/** What the rows are over, where that is not all that was asked for. */
function overText(range: TimeRange, overMs: number, rows: number): string {
  const cut = rows >= mostRows ? ` The ${mostRows} most frequent.` : '';
  const isAll = overMs >= lengthMs(range) * 0.95;
  if (isAll || overMs === 0) return `Of ${rangeWords(range)}.${cut}`;
  if (range.kind === 'last') return `Of the last ${formatMs(overMs)}: there is no more yet.${cut}`;
  return `Of the last ${formatMs(overMs)} of ${rangeWords(range)}: nothing is known of before.${cut}`;
}
