import { href } from '../address.ts';
import { useOpenAlerts } from '../agent-state.ts';
import { Name, Status } from '../parts/index.ts';
import { statusTone, statusWord } from './alerts-words.ts';
import { isAbout } from './opened-about.ts';

/** Open alerts about what is opened, each a link to it. */
export function AlertsAbout({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const { data } = useOpenAlerts();
  const found = data?.data.filter((alert) => isAbout(alert.data.labels, labels)) ?? [];
  if (found.length === 0) return null;
  return (
    <ul class="alerts-about" aria-label="Open alerts about this">
      {found.map((alert) => (
        <li key={alert.id}>
          <Status tone={statusTone(alert)}>{statusWord(alert.status)}</Status>
          <a href={href({ view: 'alerts', params: { alert: alert.id } })}>
            <Name text={alert.message} />
          </a>
        </li>
      ))}
    </ul>
  );
}
