import { href, navigate, useAddress } from '../address.ts';
import { useData } from '../data.ts';
import { formatCount } from '../format.ts';
import { type Column, Name, Panel, Status, Table, Time, Value } from '../parts/index.ts';
import { FilterBox } from './filter-box.tsx';
import { askQueues, keyOfQueue, type QueueName, type QueueRow } from './queues-data.ts';
import { QueueDetail } from './queues-detail.tsx';
import { RedisPanel } from './queues-redis.tsx';
import { QueueState, urgencyOf } from './queues-state.tsx';
import { parseSort, sortText } from './table-sort.ts';
import { rangeWords, refreshMs } from './view-range.ts';

function fieldColumn(
  key: string,
  title: string,
  { unit, hint, room }: { unit?: 'ms'; hint?: string; room?: 'less' } = {},
): Column<QueueRow> {
  return {
    key,
    title,
    ...(hint && { hint }),
    isNumber: true,
    value: ({ fields }) => fields[key] ?? null,
    cell: ({ fields }) => (unit ? <Value value={fields[key]} unit={unit} /> : formatCount(fields[key])),
    ...(room && { room }),
  };
}

const name: Column<QueueRow> = {
  key: 'queue',
  title: 'Queue',
  value: ({ queue }) => queue,
  cell: ({ queue }) => (
    <span class="long-name">
      <Name text={queue} mono />
    </span>
  ),
  room: 'wide',
};

/** Only where there are several. */
const places: readonly Column<QueueRow>[] = [
  {
    key: 'redis',
    title: 'Redis',
    value: ({ redis }) => redis,
    cell: ({ redis }) => <Name text={redis} />,
    room: 'less',
  },
  {
    key: 'prefix',
    title: 'Prefix',
    value: ({ prefix }) => prefix,
    cell: ({ prefix }) => <Name text={prefix} mono />,
    room: 'less',
  },
];

const columns: readonly Column<QueueRow>[] = [
  {
    key: 'state',
    title: 'State',
    hint: 'why jobs wait',
    isNumber: false,
    value: ({ state }) => (state === undefined ? null : urgencyOf(state)),
    cell: (row) => <State row={row} />,
  },
  fieldColumn('waiting', 'Waiting', { hint: 'jobs that no worker has taken yet' }),
  {
    key: 'mostWaiting',
    title: 'Most',
    hint: 'most that waited at once in the range',
    isNumber: true,
    value: ({ mostWaiting }) => mostWaiting,
    cell: ({ mostWaiting }) => formatCount(mostWaiting),
    room: 'less',
  },
  fieldColumn('active', 'Active'),
  fieldColumn('delayed', 'Delayed', { room: 'less' }),
  {
    key: 'completed',
    title: 'Completed',
    hint: 'in the range',
    isNumber: true,
    value: ({ completed }) => completed,
    cell: ({ completed }) => formatCount(completed),
    room: 'less',
  },
  {
    key: 'failed',
    title: 'Failed',
    hint: 'in the range',
    isNumber: true,
    value: ({ failed }) => failed,
    cell: ({ failed }) =>
      failed ? <Status tone="warning">{formatCount(failed)}</Status> : formatCount(failed),
  },
  fieldColumn('oldestWaitingAgeMs', 'Oldest', {
    unit: 'ms',
    hint: 'how long the oldest job had waited at the last look: every 10 s, every minute while the agent saves',
  }),
  fieldColumn('waitP95Ms', 'Wait p95', { unit: 'ms', room: 'less' }),
  fieldColumn('runP95Ms', 'Run p95', { unit: 'ms', room: 'less' }),
  fieldColumn('workers', 'Workers'),
];

/** Every queue; one of them opened. */
export function QueuesView() {
  const { params, range } = useAddress();
  const from = useData((signal) => askQueues(range, signal), [JSON.stringify(range)], {
    everyMs: refreshMs(range),
  });
  const rows = from.data?.queues ?? [];
  const { queue, redis, prefix } = params;
  const wanted = { queue, redis, prefix };
  const opened = rows.find((row) => fits(row, wanted));
  const severalPlaces = places.filter(({ value }) => rows.some((row) => value(row) !== value(rows[0]!)));
  return (
    <>
      {queue !== undefined && (
        <QueueDetail
          name={opened ?? { queue, redis: redis ?? '', prefix: prefix ?? '' }}
          row={opened}
          isLoaded={from.data !== undefined}
        />
      )}
      <Panel
        title="Queues"
        from={from}
        note={
          range.kind === 'fixed' ? (
            <>
              As at the end of the range, <Time at={range.toMs} />; completed and failed in it. Why jobs wait
              is only known for now.
            </>
          ) : (
            `Now; most, completed and failed of ${rangeWords(range)}.`
          )
        }
        actions={<FilterBox label="Filter queues" />}
        empty={from.data !== undefined && rows.length === 0 && <NoQueues />}
      >
        <Table
          caption="Queues and how they stand"
          columns={[name, ...severalPlaces, ...columns]}
          rows={rows}
          keyOf={keyOfQueue}
          order={parseSort(params.sort) ?? { key: 'state', isDescending: true }}
          onOrder={(order) => navigate({ params: { sort: sortText(order) } }, { replace: true })}
          filter={params.filter ?? ''}
          hrefOf={(row) => href({ params: { queue: row.queue, redis: row.redis, prefix: row.prefix } })}
          selectedKey={opened && keyOfQueue(opened)}
        />
      </Panel>
      {from.data && <RedisPanel rows={from.data.redis} range={range} />}
    </>
  );
}

/** Links from elsewhere may name the queue alone. */
function fits(row: QueueName, { queue, redis, prefix }: Partial<QueueName>): boolean {
  return row.queue === queue && (!redis || row.redis === redis) && (!prefix || row.prefix === prefix);
}

function State({ row }: { row: QueueRow }) {
  if (row.state !== undefined) return <QueueState state={row.state} text={row.text} />;
  if (row.fields.paused === 1) return <QueueState state="paused" />;
  return <span title="only known for now">–</span>;
}

function NoQueues() {
  return (
    <div class="hint">
      <p>
        There is no BullMQ queue at this time. Name the Redis that holds them in the configuration of the
        agent:
      </p>
      <pre>
        <code>{'queues:\n  - name: main\n    redis: redis://127.0.0.1:6379\n    prefix: bull'}</code>
      </pre>
      <p>
        or set <code>REDIS_URL</code>. <code>nova-agent doctor</code> says what it finds there.
      </p>
    </div>
  );
}
