import type { ShownAlert, ShownSilence } from '../../../alert-shape.ts';
import { href, useAddress } from '../address.ts';
import { type Answer, getJson } from '../api.ts';
import { type Loaded, useData } from '../data.ts';
import { useEventCount } from '../live.ts';
import { Panel, Tabs } from '../parts/index.ts';
import { ReaderNote } from './alerts-actions.tsx';
import { AlertCard } from './alerts-card.tsx';
import { AlertDetail } from './alerts-detail.tsx';
import { AlertHistory } from './alerts-history.tsx';
import { Silences } from './alerts-silences.tsx';
import { isQuiet, sortedOpen } from './alerts-words.ts';

/** Open ones that are asked for at once. */
const mostOpen = 500;

/** What is wrong now, what was wrong before, and what is kept back. */
export function AlertsView() {
  const { params } = useAddress();
  const changes = useEventCount('alerts');
  const open = useData(
    (signal) =>
      getJson<Answer<ShownAlert[]>>('/api/monitoring/alerts', { status: 'open', limit: mostOpen }, signal),
    [changes],
    { everyMs: 15_000 },
  );
  const silences = useData(
    (signal) => getJson<Answer<ShownSilence[]>>('/api/monitoring/silences', {}, signal),
    [changes],
    { everyMs: 30_000 },
  );
  const reload = () => {
    open.reload();
    silences.reload();
  };
  const inForce = silences.data?.data.filter(({ status }) => status === 'active').length;
  const tab = params.tab === 'history' || params.tab === 'silences' ? params.tab : 'open';
  return (
    <>
      {params.alert !== undefined && <AlertDetail id={params.alert} changes={changes} onDone={reload} />}
      <Tabs
        label="Alerts"
        openKey={tab}
        tabs={[
          { key: 'open', title: 'Open', ...counted(open.data?.data.length), href: tabLink(null) },
          { key: 'history', title: 'History', href: tabLink('history') },
          { key: 'silences', title: 'Silences', ...counted(inForce), href: tabLink('silences') },
        ]}
      />
      <ReaderNote />
      {tab === 'open' && <OpenAlerts from={open} onDone={reload} />}
      {tab === 'history' && <AlertHistory changes={changes} />}
      {tab === 'silences' && <Silences from={silences} onDone={reload} />}
    </>
  );
}

function counted(count: number | undefined) {
  return count === undefined ? {} : { count };
}

function tabLink(tab: string | null): string {
  return href({ params: { tab, silence: null } });
}

interface OpenProps {
  readonly from: Loaded<Answer<ShownAlert[]>>;
  readonly onDone: () => void;
}

function OpenAlerts({ from, onDone }: OpenProps) {
  const alerts = sortedOpen(from.data?.data ?? []);
  const loud = alerts.filter((alert) => !isQuiet(alert));
  const quiet = alerts.filter(isQuiet);
  const nothing = from.data !== undefined && loud.length === 0 && 'Nothing fires.';
  return (
    <>
      <Panel
        title="Firing"
        from={from}
        note={from.data?.next !== undefined && `The newest ${mostOpen} are shown; there are more.`}
        empty={
          nothing && (
            <p>
              {nothing} What could fire, and whether it is evaluated, is on{' '}
              <a href={href({ view: 'rules' })}>Rules</a>.
            </p>
          )
        }
      >
        <AlertList alerts={loud} onDone={onDone} />
      </Panel>
      {quiet.length > 0 && (
        <Panel
          title="Pending, acknowledged or silenced"
          note="Somebody has seen to these, or they have yet to last."
        >
          <AlertList alerts={quiet} onDone={onDone} />
        </Panel>
      )}
    </>
  );
}

function AlertList({
  alerts,
  onDone,
}: {
  readonly alerts: readonly ShownAlert[];
  readonly onDone: () => void;
}) {
  return (
    <ul class="alert-list">
      {alerts.map((alert) => (
        <AlertCard key={alert.id} alert={alert} onDone={onDone} />
      ))}
    </ul>
  );
}
