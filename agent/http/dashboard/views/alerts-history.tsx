import { useState } from 'preact/hooks';
import type { ShownAlert } from '../../../alert-shape.ts';
import { href, useAddress } from '../address.ts';
import { type Answer, getJson } from '../api.ts';
import { asApiError, useData } from '../data.ts';
import { formatMs } from '../format.ts';
import { type Column, Name, Panel, Status, Table, Time, toast, Unknown } from '../parts/index.ts';
import { labelsText, severityTone } from './alerts-words.ts';
import { FilterBox } from './filter-box.tsx';

const pageSize = 100;

const columns: readonly Column<ShownAlert>[] = [
  {
    key: 'message',
    title: 'Alert',
    value: ({ message }) => message,
    cell: ({ message }) => <Name text={message} />,
    room: 'wide',
  },
  {
    key: 'rule',
    title: 'Rule',
    value: ({ type, data }) => `${type} ${labelsText(data.labels, ['alertname'])}`,
    cell: ({ type, data }) => (
      <span title={labelsText(data.labels, ['alertname'])}>
        <Name text={type} mono />
      </span>
    ),
    room: 'less',
  },
  {
    key: 'severity',
    title: 'Severity',
    value: ({ severity }) => severity,
    cell: ({ severity }) => (
      <Status tone={severityTone(severity)}>
        <bdi>{severity}</bdi>
      </Status>
    ),
  },
  {
    key: 'began',
    title: 'Began',
    value: ({ firedAt }) => firedAt,
    cell: ({ firedAt }) => <Time at={firedAt} />,
  },
  {
    key: 'lasted',
    title: 'Lasted',
    isNumber: true,
    value: lastedMs,
    cell: (alert) => {
      const ms = lastedMs(alert);
      return ms === null ? <Unknown /> : formatMs(ms);
    },
  },
  {
    key: 'cause',
    title: 'Cause',
    value: ({ cause }) => cause?.text ?? null,
    cell: ({ cause }) => (cause ? <Name text={cause.text} /> : <Unknown title="no cause was found" />),
    room: 'less',
  },
  {
    key: 'users',
    title: 'Users',
    hint: 'Users that it touched',
    isNumber: true,
    value: ({ reach }) => reach?.users ?? null,
    room: 'less',
  },
];

/** What is over, the newest first. */
export function AlertHistory({ changes }: { readonly changes: number }) {
  const { params } = useAddress();
  const [older, setOlder] = useState<{
    readonly alerts: readonly ShownAlert[];
    readonly next: string | undefined;
  }>();
  const [isAsking, setIsAsking] = useState(false);
  const first = useData((signal) => page(undefined, signal), [changes]);
  const next = older ? older.next : first.data?.next;
  const more = async () => {
    setIsAsking(true);
    try {
      const answer = await page(next);
      setOlder({ alerts: [...(older?.alerts ?? []), ...answer.data], next: answer.next });
    } catch (error) {
      toast(`Older alerts could not be loaded: ${asApiError(error).message}.`, 'critical');
    }
    setIsAsking(false);
  };
  const rows = joined(first.data?.data ?? [], older?.alerts ?? []);
  return (
    <Panel
      title="History"
      from={first}
      actions={rows.length > 0 && <FilterBox label="Filter the history" />}
      empty={first.data?.data.length === 0 && <p>No alert has fired and ended yet.</p>}
    >
      <Table
        caption="Alerts that are over"
        columns={columns}
        rows={rows}
        keyOf={({ id }) => id}
        filter={params.filter ?? ''}
        pageSize={pageSize}
        selectedKey={params.alert}
        hrefOf={({ id }) => href({ params: { alert: id } })}
      />
      {next !== undefined && (
        <p class="table-more">
          <button type="button" disabled={isAsking} onClick={more}>
            {isAsking ? 'Loading…' : 'Older alerts'}
          </button>
        </p>
      )}
    </Panel>
  );
}

function page(before: string | undefined, signal?: AbortSignal): Promise<Answer<ShownAlert[]>> {
  return getJson('/api/monitoring/alerts', { status: 'resolved', limit: pageSize, before }, signal);
}

/** Once each: what ended meanwhile moves others from the first page to what was loaded behind it. */
function joined(first: readonly ShownAlert[], older: readonly ShownAlert[]): ShownAlert[] {
  const ids = new Set(first.map(({ id }) => id));
  return [...first, ...older.filter(({ id }) => !ids.has(id))];
}

function lastedMs({ firedAt, resolvedAt }: ShownAlert): number | null {
  return firedAt === null || resolvedAt === null ? null : Date.parse(resolvedAt) - Date.parse(firedAt);
}
