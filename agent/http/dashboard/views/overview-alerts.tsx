import type { ShownAlert } from '../../../alert-shape.ts';
import { href } from '../address.ts';
import { reloadOpenAlerts, useOpenAlerts, useReady } from '../agent-state.ts';
import { useLiveState } from '../live.ts';
import { Age, Name, Panel, Status, type Tone } from '../parts/index.ts';

const shown = 5;
const ranks: Readonly<Record<string, number>> = { critical: 0, error: 1, warning: 2, info: 3 };

/** What is wrong now, the worst first. */
export function OverviewAlerts() {
  const { data, error } = useOpenAlerts();
  const isAway = useReady().error !== undefined;
  const isKnown = useLiveState() !== 'reconnecting' && !error && !isAway;
  const alerts = [...(data?.data ?? [])].sort((a, b) => rankOf(a) - rankOf(b) || newerFirst(a, b));
  const from = {
    data,
    error,
    isLoading: false,
    stale: !isKnown,
    reload: () => void reloadOpenAlerts(),
  };
  const all = <a href={href({ view: 'alerts' })}>All alerts</a>;
  return (
    <Panel title={titleOf(alerts.length, data?.next !== undefined)} actions={all} from={from}>
      {!isKnown && <p class="note">The agent does not answer: what is open now is not known.</p>}
      {alerts.length === 0 ? (
        <p class="overview-calm">
          <Status tone={isKnown ? 'ok' : 'unknown'}>{isKnown ? 'No alert is open' : 'not known'}</Status>
        </p>
      ) : (
        <ul class="overview-alerts">
          {alerts.slice(0, shown).map((alert) => (
            <AlertLine key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      {alerts.length > shown && (
        <p class="note">
          <a href={href({ view: 'alerts' })}>{alerts.length - shown} more</a>
        </p>
      )}
    </Panel>
  );
}

function AlertLine({ alert }: { alert: ShownAlert }) {
  const { id, type, severity, message, status, cause, reach, firedAt, createdAt, unknownSources } = alert;
  const isUnknown = status === 'unknown';
  return (
    <li>
      <Status tone={isUnknown ? 'unknown' : toneOf(severity)}>{isUnknown ? 'unknown' : severity}</Status>
      <div class="overview-alert">
        <a href={href({ view: 'alerts', params: { alert: id } })} title={type}>
          <Name text={message} />
        </a>
        <span class="note">
          {isUnknown ? `${unknownSources.join(', ') || 'its source'} does not answer` : cause?.text}
          {reach && `${isUnknown || cause ? ' · ' : ''}${reach.text}`}
        </span>
      </div>
      <span class="note">
        <Age at={firedAt ?? createdAt} />
      </span>
    </li>
  );
}

function titleOf(count: number, isMore: boolean): string {
  return count === 0 ? 'Open alerts' : `Open alerts: ${count}${isMore ? '+' : ''}`;
}

function toneOf(severity: string): Tone {
  if (severity === 'critical' || severity === 'error' || severity === 'page') return 'critical';
  return severity === 'info' || severity === 'none' ? 'info' : 'warning';
}

function rankOf({ severity, status }: ShownAlert): number {
  return (ranks[severity] ?? 2.5) + (status === 'unknown' ? 0.5 : 0);
}

function newerFirst(a: ShownAlert, b: ShownAlert): number {
  return b.createdAt.localeCompare(a.createdAt);
}
