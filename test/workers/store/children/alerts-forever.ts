import { openStore } from '../../../../workers/store/store.ts';
import { alertOf, changesOf, groupOf, notificationOf, recordingOf } from '../alerts-made.ts';
import { dayStartMs, settings } from '../fixture.ts';

/**
 * Commits evaluations without end: the `i`th has the pending alert `a-i` in place of the one before, a group that
 * counts to `i` and a notification `ni`; then the notification before is settled as sent. Says `i` after each commit.
 */
const [path = '', first = '1'] = process.argv.slice(2);
const store = openStore(path, settings, () => dayStartMs);
for (let i = Number(first); ; i++) {
  const changes = changesOf({
    timeMs: i,
    alerts: [alertOf({ id: `a-${i}`, state: 'pending' })],
    forgottenAlerts: [`a-${i - 1}`],
    groups: [groupOf({ count: i })],
    notifications: [notificationOf({ id: `n${i}` })],
    recordings: [recordingOf({ alertId: `a-${i}` })],
  });
  store.alerts({ do: 'commit', changes });
  process.stdout.write(`${i}\n`);
  store.alerts({
    do: 'settle',
    id: `n${i - 1}`,
    outcome: 'sent',
    attempts: 1,
    nextAttemptMs: 0,
    problem: '',
  });
}
