import { useState } from 'preact/hooks';
import { type Answer, getJson, sendJson, useIsAdmin } from '../api.ts';
import { asApiError, useData } from '../data.ts';
import { formatCount } from '../format.ts';
import { type Column, Dialog, Name, Panel, Table, Time, toast } from '../parts/index.ts';
import type { RefusedPoint } from './agent-data.ts';
import { Sending, useSending } from './alerts-actions.tsx';

const pageSize = 100;

interface Replayed {
  readonly delivered: number;
  readonly refused: readonly { readonly id: number; readonly reason: string }[];
  readonly problems: readonly string[];
}

/** Points that destinations refused: why, and what to do with them. */
export function Quarantine({ onChange }: { readonly onChange: () => void }) {
  const isAdmin = useIsAdmin();
  const [before, setBefore] = useState<number | undefined>();
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [asks, setAsks] = useState<'drop' | null>(null);
  const from = useData(
    (signal) =>
      getJson<Answer<RefusedPoint[]>>('/api/monitoring/quarantine', { limit: pageSize, before }, signal),
    [before],
    { everyMs: 15_000 },
  );
  const points = from.data?.data ?? [];
  const ids = points.map(({ id }) => id).filter((id) => chosen.has(id));
  const choose = (id: number, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  const done = () => {
    setAsks(null);
    setChosen(new Set());
    from.reload();
    onChange();
  };
  const isAll = points.length > 0 && ids.length === points.length;
  const columns = isAdmin ? [choiceColumn(chosen, choose), ...pointColumns] : pointColumns;
  return (
    <Panel
      title="Quarantine"
      from={from}
      note="Points that a destination refused, newest first. They are kept with the reason until they are sent again or given up."
      actions={
        isAdmin &&
        points.length > 0 && (
          <>
            <button
              type="button"
              onClick={() => setChosen(isAll ? new Set() : new Set(points.map(({ id }) => id)))}
            >
              {isAll ? 'Choose none' : 'Choose all shown'}
            </button>
            <Replay ids={ids} onDone={done} />
            <button type="button" class="danger" disabled={ids.length === 0} onClick={() => setAsks('drop')}>
              Give up {ids.length > 0 && formatCount(ids.length)}
            </button>
          </>
        )
      }
      empty={
        from.data &&
        points.length === 0 && (
          <p>{before === undefined ? 'No point was refused.' : 'There are no older ones.'}</p>
        )
      }
    >
      <Table
        caption="Refused points"
        columns={columns}
        rows={points}
        keyOf={({ id }) => String(id)}
        pageSize={pageSize}
      />
      <p class="table-more">
        {before !== undefined && (
          <button type="button" onClick={() => setBefore(undefined)}>
            Newest
          </button>
        )}
        {from.data?.next !== undefined && (
          <button type="button" onClick={() => setBefore(Number(from.data?.next))}>
            Older
          </button>
        )}
      </p>
      {asks === 'drop' && <DropDialog ids={ids} onClose={() => setAsks(null)} onDone={done} />}
    </Panel>
  );
}

function Replay({ ids, onDone }: { readonly ids: readonly number[]; readonly onDone: () => void }) {
  const [isBusy, setIsBusy] = useState(false);
  const send = async () => {
    setIsBusy(true);
    try {
      const { data } = await sendJson<Answer<Replayed>>('POST', '/api/monitoring/quarantine/replay', { ids });
      const { delivered, refused, problems } = data;
      const isWell = refused.length === 0 && problems.length === 0;
      const words = [
        `${formatCount(delivered)} delivered`,
        ...(refused.length > 0
          ? [`${formatCount(refused.length)} refused again: ${refused[0]!.reason}`]
          : []),
        ...problems,
      ];
      toast(words.join('; '), isWell ? 'ok' : 'warning');
      onDone();
    } catch (error) {
      toast(`They could not be sent again: ${asApiError(error).message}.`, 'critical');
    }
    setIsBusy(false);
  };
  return (
    <button type="button" disabled={ids.length === 0 || isBusy} onClick={send}>
      {isBusy ? 'Sending…' : 'Send again'} {ids.length > 0 && formatCount(ids.length)}
    </button>
  );
}

interface DropProps {
  readonly ids: readonly number[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function DropDialog({ ids, onClose, onDone }: DropProps) {
  const send = useSending(async () => {
    const path = '/api/monitoring/quarantine/drop';
    const { data } = await sendJson<Answer<{ dropped: number }>>('POST', path, { ids });
    toast(`${formatCount(data.dropped)} given up: they count as dropped.`);
    onDone();
  });
  return (
    <Dialog title="Give up points" onClose={onClose}>
      <form class="fields" onSubmit={send.submit}>
        <p>
          {formatCount(ids.length)} {ids.length === 1 ? 'point is' : 'points are'} deleted for this
          destination and counted as dropped. They stay in the embedded store. This cannot be undone.
        </p>
        <Sending {...send} word="Give up" onClose={onClose} />
      </form>
    </Dialog>
  );
}

function choiceColumn(
  chosen: ReadonlySet<number>,
  choose: (id: number, isChosen: boolean) => void,
): Column<RefusedPoint> {
  return {
    key: 'choice',
    title: 'Choose',
    value: ({ id }) => (chosen.has(id) ? 1 : 0),
    cell: ({ id }) => (
      <input
        type="checkbox"
        aria-label={`Choose point ${id}`}
        checked={chosen.has(id)}
        onChange={(event) => choose(id, event.currentTarget.checked)}
      />
    ),
  };
}

const pointColumns: readonly Column<RefusedPoint>[] = [
  { key: 'id', title: 'Id', isNumber: true, value: ({ id }) => id },
  {
    key: 'at',
    title: 'Refused',
    value: ({ refusedAt }) => refusedAt,
    cell: ({ refusedAt }) => <Time at={refusedAt} />,
  },
  { key: 'sink', title: 'By', value: ({ sink }) => sink, cell: ({ sink }) => <Name text={sink} mono /> },
  {
    key: 'reason',
    title: 'Why',
    value: ({ reason }) => reason,
    cell: ({ reason }) => <Name text={reason} />,
    room: 'wide',
  },
  {
    key: 'line',
    title: 'Point',
    value: ({ line }) => line,
    cell: ({ line, truncated }) => <Name text={truncated ? `${line}…` : line} mono />,
    room: 'wide',
  },
];
