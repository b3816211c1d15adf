import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AlertQuery, ShownAlert, ShownSilence, SilenceRequest } from '../../../agent/alert-shape.ts';
import { AgentError } from '../../../agent/errors.ts';
import type { AlertViews } from '../../../agent/http/views.ts';
import { quietViews, type RunningServer, startHttp } from './running-server.ts';

const alert: ShownAlert = {
  id: 'f1-k2',
  type: 'high-queue',
  severity: 'warning',
  message: 'mail has 120 waiting',
  data: { fingerprint: 'f1', value: 120, labels: { queue: '<b>"mail"' }, annotations: {}, rule: 'r' },
  status: 'active',
  createdAt: '2026-03-01T12:00:00.000Z',
  firedAt: '2026-03-01T12:00:00.000Z',
  resolvedAt: null,
  cause: null,
  reach: null,
  unknownSources: [],
  acknowledged: null,
  mutedBy: null,
  receivers: [],
  flapping: false,
};
const silence: ShownSilence = {
  id: 's1',
  matchers: ['queue="mail"'],
  startsAt: '2026-03-01T12:00:00.000Z',
  endsAt: '2026-03-01T14:00:00.000Z',
  createdBy: 'admin',
  comment: 'move',
  status: 'active',
  alerts: 0,
};

function serverWith(t: TestContext, alerts: Partial<AlertViews>): Promise<RunningServer> {
  return startHttp(t, { views: { alerts: { ...quietViews.alerts, ...alerts } } });
}

const post = (body: object) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

test('alerts are listed as a bare list with the cursor beside it', async (t) => {
  const asked: AlertQuery[] = [];
  const { askAsAdmin } = await serverWith(t, {
    list: async (query) => {
      asked.push(query);
      return { alerts: [alert], next: '5-f1-k2' };
    },
  });
  assert.deepEqual((await askAsAdmin('/api/monitoring/alerts')).json, {
    success: true,
    data: [alert],
    next: '5-f1-k2',
  });
  await askAsAdmin('/api/monitoring/alerts?status=resolved&limit=5&before=5-f1-k2');
  assert.deepEqual(asked, [
    { status: 'active', limit: 100, before: undefined },
    { status: 'resolved', limit: 5, before: '5-f1-k2' },
  ]);
});

test('a status that is none is refused with those that are', async (t) => {
  const { askAsAdmin } = await serverWith(t, {});
  const { status, json } = await askAsAdmin('/api/monitoring/alerts?status=firing');
  assert.equal(status, 400);
  assert.match(
    (json as { message: string }).message,
    /^status: expected one of pending, active, acknowledged, silenced, unknown, resolved, open, all, got "firing"$/,
  );
});

test('one alert comes with its recording, and another is not found', async (t) => {
  const recording = { alertId: 'f1-k2', series: [] };
  const { askAsAdmin } = await serverWith(t, {
    one: async (id) => (id === 'f1-k2' ? { ...alert, recording } : undefined),
  });
  assert.deepEqual((await askAsAdmin('/api/monitoring/alerts/f1-k2')).json, {
    success: true,
    data: { ...alert, recording },
  });
  assert.equal((await askAsAdmin('/api/monitoring/alerts/other')).status, 404);
});

test('who acknowledges is the bearer unless another name is given', async (t) => {
  const said: string[][] = [];
  const { askAsAdmin } = await serverWith(t, {
    acknowledge: async (...words) => {
      said.push(words);
      return words[0] === 'f1-k2' ? alert : undefined;
    },
  });
  assert.equal((await askAsAdmin('/api/monitoring/alerts/f1-k2/ack', { method: 'POST' })).status, 200);
  await askAsAdmin('/api/monitoring/alerts/f1-k2/ack', post({ comment: 'mine', by: 'ada' }));
  assert.deepEqual(said[0]!.slice(1).length, 2);
  assert.notEqual(said[0]![1], '');
  assert.deepEqual(said[1], ['f1-k2', 'ada', 'mine']);
  assert.equal((await askAsAdmin('/api/monitoring/alerts/gone/ack', { method: 'POST' })).status, 404);
});

test('a silence is begun with 201, changed with 200, and its mistakes are 400', async (t) => {
  const asked: SilenceRequest[] = [];
  const { askAsAdmin } = await serverWith(t, {
    silence: async (request) => {
      asked.push(request);
      if (request.comment === '') throw new AgentError('USAGE', 'comment: expected why');
      return silence;
    },
  });
  const begun = await askAsAdmin(
    '/api/monitoring/silences',
    post({ matchers: 'queue="mail"', duration: '2h', comment: 'move' }),
  );
  assert.equal(begun.status, 201);
  assert.deepEqual(begun.json, { success: true, data: silence });
  const change = {
    id: 's1',
    matchers: ['a="b"'],
    endsAt: '2026-03-01T14:00:00Z',
    comment: 'move',
    createdBy: 'me',
  };
  assert.equal((await askAsAdmin('/api/monitoring/silences', post(change))).status, 200);
  assert.deepEqual(asked[1], change);
  const refused = await askAsAdmin('/api/monitoring/silences', post({ matchers: ['a="b"'] }));
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.json, { success: false, message: 'comment: expected why' });
});

test('a body with an unknown key, of another type or that is no object is refused', async (t) => {
  const { askAsAdmin } = await serverWith(t, {});
  for (const [body, said] of [
    [{ matcher: 'a="b"' }, /matcher.*did you mean "matchers"/],
    [{ matchers: [1] }, /matchers: expected a list of texts/],
    [{ comment: 1 }, /comment: expected a text/],
    [[1], /the body: expected a JSON object/],
  ] as const) {
    const { status, json } = await askAsAdmin('/api/monitoring/silences', post(body));
    assert.equal(status, 400);
    assert.match((json as { message: string }).message, said);
  }
});

test('a silence is ended by its id in the path or the query, once', async (t) => {
  const ended: string[] = [];
  const { askAsAdmin } = await serverWith(t, {
    endSilence: async (id) => {
      ended.push(id);
      return id === 's1';
    },
  });
  const remove = { method: 'DELETE' };
  assert.equal((await askAsAdmin('/api/monitoring/silences/s1', remove)).status, 200);
  assert.equal((await askAsAdmin('/api/monitoring/silences?id=s1', remove)).status, 200);
  assert.equal((await askAsAdmin('/api/monitoring/silences/other', remove)).status, 404);
  assert.equal((await askAsAdmin('/api/monitoring/silences', remove)).status, 400);
  assert.deepEqual(ended, ['s1', 's1', 'other']);
});
