import { useState } from 'preact/hooks';
import type { ShownSilence } from '../../../alert-shape.ts';
import { useAddress } from '../address.ts';
import { reloadOpenAlerts } from '../agent-state.ts';
import { type Answer, sendJson, useIsAdmin } from '../api.ts';
import { asApiError, type Loaded } from '../data.ts';
import { formatCount } from '../format.ts';
import { Age, type Column, Name, Panel, Status, Table, Time, toast } from '../parts/index.ts';
import { SilenceDialog } from './alerts-actions.tsx';

interface SilencesProps {
  readonly from: Loaded<Answer<ShownSilence[]>>;
  readonly onDone: () => void;
}

/** What is kept back, by whom, why and until when. */
export function Silences({ from, onDone }: SilencesProps) {
  const { params } = useAddress();
  const isAdmin = useIsAdmin();
  const [changed, setChanged] = useState<ShownSilence | 'new' | null>(null);
  const close = () => setChanged(null);
  const done = () => {
    close();
    onDone();
    void reloadOpenAlerts();
  };
  const end = async ({ id }: ShownSilence) => {
    try {
      await sendJson('DELETE', `/api/monitoring/silences/${encodeURIComponent(id)}`);
      toast('The silence has ended: what fires is told again.');
      done();
    } catch (error) {
      toast(`The silence goes on: ${asApiError(error).message}.`, 'critical');
    }
  };
  const columns = isAdmin ? [...columnsOf, actionsColumn(setChanged, end)] : columnsOf;
  return (
    <Panel
      title="Silences"
      from={from}
      note="A silence keeps notifications back; the alerts themselves stay in the list. Ended ones are kept for five days."
      actions={
        isAdmin && (
          <button type="button" onClick={() => setChanged('new')}>
            New silence
          </button>
        )
      }
    >
      <Table
        caption="Silences, those in force first"
        columns={columns}
        rows={from.data?.data ?? []}
        keyOf={({ id }) => id}
        selectedKey={params.silence}
        empty="Nothing is silenced. An alert can be silenced from its card, for a while and with a reason."
      />
      {changed !== null && (
        <SilenceDialog {...(changed !== 'new' && { silence: changed })} onClose={close} onDone={done} />
      )}
    </Panel>
  );
}

const tones = { active: 'info', pending: 'muted', expired: 'muted' } as const;
const words = { active: 'in force', pending: 'to come', expired: 'ended' } as const;

const columnsOf: readonly Column<ShownSilence>[] = [
  {
    key: 'matchers',
    title: 'Alerts with',
    value: ({ matchers }) => matchers.join(', '),
    cell: ({ matchers }) => <Name text={matchers.join(', ')} mono />,
    room: 'wide',
  },
  {
    key: 'status',
    title: 'State',
    value: ({ status }) => status,
    cell: ({ status }) => <Status tone={tones[status]}>{words[status]}</Status>,
  },
  { key: 'ends', title: 'Ends', value: ({ endsAt }) => endsAt, cell: (silence) => <End silence={silence} /> },
  {
    key: 'alerts',
    title: 'Keeps back',
    hint: 'Alerts that it keeps back now',
    isNumber: true,
    value: ({ alerts }) => alerts,
    cell: ({ alerts }) => formatCount(alerts),
  },
  {
    key: 'by',
    title: 'By',
    value: ({ createdBy }) => createdBy,
    cell: ({ createdBy }) => <Name text={createdBy} />,
  },
  {
    key: 'comment',
    title: 'Why',
    value: ({ comment }) => comment,
    cell: ({ comment }) => <Name text={comment} />,
    room: 'wide',
  },
];

function End({ silence }: { readonly silence: ShownSilence }) {
  return (
    <>
      <Time at={silence.endsAt} />{' '}
      <span class="note">
        (<Age at={silence.endsAt} />)
      </span>
    </>
  );
}

function actionsColumn(
  change: (silence: ShownSilence) => void,
  end: (silence: ShownSilence) => void,
): Column<ShownSilence> {
  return {
    key: 'actions',
    title: 'Change',
    value: () => null,
    cell: (silence) =>
      silence.status !== 'expired' && (
        <span class="row-buttons">
          <button
            type="button"
            class="small"
            aria-label={`Change the silence of ${silence.matchers.join(', ')}`}
            onClick={() => change(silence)}
          >
            Change
          </button>
          <button
            type="button"
            class="small"
            aria-label={`End the silence of ${silence.matchers.join(', ')} now`}
            onClick={() => end(silence)}
          >
            End now
          </button>
        </span>
      ),
  };
}
