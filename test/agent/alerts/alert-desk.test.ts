import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertDesk } from '../../../agent/alerts/alert-desk.ts';
import type { AlertKeeper } from '../../../agent/alerts/alert-keeper.ts';
import { systemClock } from '../../../agent/clock.ts';
import type { Silence } from '../../../workers/contract/alerts.ts';

test('a silence counts the alerts that it fits at once, before they are looked at again', async () => {
  const silences: Silence[] = [];
  const keeper = {
    active: () => [
      { alert: { labels: { queue: 'mail' } }, mutedBy: null },
      { alert: { labels: { queue: 'sms' } }, mutedBy: null },
    ],
    silences: () => silences,
    silence: async (silence: Silence) => {
      silences.push(silence);
    },
  } as unknown as AlertKeeper;
  const archive = {
    alertsPage: async () => [],
    alert: async () => undefined,
    alertRecording: async () => undefined,
  };
  const desk = new AlertDesk(keeper, archive, systemClock);
  const request = { matchers: ['queue="mail"'], createdBy: 'a', comment: 'b' };
  assert.equal((await desk.silence({ ...request, duration: '1h' })).alerts, 1);
  const startsAt = new Date(Date.now() + 3_600_000).toISOString();
  assert.equal((await desk.silence({ ...request, startsAt, duration: '1h' })).alerts, 0);
  assert.deepEqual(
    desk.silences().map(({ alerts }) => alerts),
    [1, 0],
  );
});
