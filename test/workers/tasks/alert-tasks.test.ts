import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { QueryPool } from '../../../agent/pipeline/query-pool.ts';
import { TickPool } from '../../../agent/pipeline/tick-pool.ts';
import { createProcessCells } from '../../../workers/contract/process-cells.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import type { TickSettings } from '../../../workers/contract/tasks.ts';
import { createEventBuffers } from '../../../workers/contract/window-cells.ts';
import { temporaryFolder } from '../../support/servers.ts';
import { alertOf, changesOf, notificationOf, recordingOf } from '../store/alerts-made.ts';
import { settings } from '../store/fixture.ts';

test('the query worker reads what the tick worker keeps of alerts', async (context) => {
  const folder = await temporaryFolder();
  const storePath = join(folder, 'store.db');
  const rings = createRingBuffers(2000);
  const ticks = new TickPool({
    rings,
    processes: createProcessCells(),
    events: null,
    store: { path: storePath },
  });
  const queries = new QueryPool({ storePath, rings, events: createEventBuffers(2000) });
  context.after(async () => {
    await Promise.all([ticks.close(), queries.close()]);
    rmSync(folder, { recursive: true });
  });
  const plan = { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup', processes: [], slowEveryMs: 10_000 };
  const tickSettings: TickSettings = {
    ...settings,
    commonTags: {},
    measurementPrefix: '',
    plan,
    events: null,
  };
  await ticks.open(JSON.stringify(tickSettings));

  const alert = alertOf({ value: Number.NaN });
  const changes = changesOf({
    alerts: [alert],
    notifications: [notificationOf()],
    recordings: [recordingOf()],
  });
  assert.deepEqual(await ticks.alerts({ do: 'commit', changes }), {
    found: true,
    droppedNotificationsTotal: 0,
  });
  const kept = await queries.keptAlerts();
  assert.deepEqual(kept.alerts, [alert]);
  assert.equal(kept.waiting.length, 1);
  assert.deepEqual(await queries.alertsPage({ states: ['firing'], limit: 5 }), [alert]);
  assert.deepEqual(await queries.alert(alert.id), alert);
  assert.equal(await queries.alert('none'), undefined);
  assert.deepEqual(await queries.alertRecording(alert.id), recordingOf());
});
