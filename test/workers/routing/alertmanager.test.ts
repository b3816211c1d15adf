import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Routing } from '../../../workers/contract/alerts.ts';
import { Dispatcher } from '../../../workers/routing/dispatcher.ts';
import { parseMatchers } from '../../../workers/routing/matchers.ts';
import { startAlertmanager } from '../../support/alertmanager.ts';
import { type HttpReceiver, startHttpReceiver } from '../../support/http-receiver.ts';
import { alertsAt, type Episode, noWishes, rootRoute, startMs } from './stage.ts';

/**
 * The same alerts go to a real Alertmanager in real time and to the dispatcher in virtual time. Groups begin in even seconds
 * and are looked at in even ones; all else happens in odd seconds, so that a second lies between an event and a flush.
 */

const config = (url: string) => `
route:
  receiver: all
  group_by: [g]
  group_wait: 2s
  group_interval: 4s
  repeat_interval: 10s
  routes:
    - matchers: [team="b"]
      receiver: b
      continue: true
    - matchers: [team="b", name!="3"]
      receiver: quiet
      group_by: [g, name]
receivers:
  - name: all
    webhook_configs: [{url: '${url}/all', send_resolved: true}]
  - name: b
    webhook_configs: [{url: '${url}/b', send_resolved: true}]
  - name: quiet
    webhook_configs: [{url: '${url}/quiet', send_resolved: false}]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [g]
`;

const times = { groupBy: ['g'], groupWaitMs: 2000, groupIntervalMs: 4000, repeatIntervalMs: 10_000 };
const child = { ...rootRoute, ...times };
const routing: Routing = {
  route: {
    ...rootRoute,
    ...times,
    receiver: 'all',
    routes: [
      { ...child, key: '{}/{team="b"}', receiver: 'b', matchers: parseMatchers('team=b'), continues: true },
      {
        ...child,
        key: '{}/{name!="3",team="b"}',
        receiver: 'quiet',
        groupBy: ['g', 'name'],
        matchers: parseMatchers('team=b,name!="3"'),
      },
    ],
  },
  receivers: ['all', 'b', 'quiet'].map((name) => ({
    name,
    integrations: [{ key: 'webhook/0', sendResolved: name !== 'quiet' }],
  })),
  inhibitRules: [
    {
      sourceMatchers: parseMatchers('severity=critical'),
      targetMatchers: parseMatchers('severity=warning'),
      equal: ['g'],
    },
  ],
  timeIntervals: {},
};

const alert = (g: string, name: string, from: number, to?: number, more = {}): Episode => ({
  name: 'x',
  labels: { g, name, ...more },
  from,
  ...(to !== undefined && { to }),
});
const episodes: Episode[] = [
  alert('plain', '1', 0, 13),
  alert('repeats', '1', 0),
  alert('joined', '1', 2),
  alert('joined', '2', 5, 11),
  alert('joined', '3', 13),
  alert('again', '1', 0, 7),
  alert('again', '1', 9, 15),
  alert('unseen', '1', 0, 1),
  alert('two', '1', 0, 9, { team: 'b' }),
  alert('two', '2', 0, undefined, { team: 'b' }),
  alert('two', '3', 3, 17, { team: 'b' }),
  alert('inhibited', '1', 0, 21, { severity: 'warning' }),
  alert('inhibited', '2', 7, 15, { severity: 'critical' }),
  alert('inhibits', '1', 0, 9, { severity: 'critical' }),
  alert('inhibits', '2', 3, undefined, { severity: 'warning' }),
  alert('late', '1', 6, 15),
  alert('late', '2', 11, 21),
];
const untilSeconds = 25;

/** Of one way and group: names that fire (+) and have ended (-), in the order of the notifications. */
type Story = Record<string, string[]>;

function addTo(story: Story, receiver: string, groupKey: string, told: readonly string[]): void {
  const key = `${receiver} ${groupKey}`;
  story[key] = [...(story[key] ?? []), [...told].sort().join(' ')];
}

/** What Alertmanager says, in real time. */
async function theirStory(): Promise<Story> {
  const receiver = await startHttpReceiver();
  const alertmanager = await startAlertmanager(config(receiver.url));
  try {
    await playTo(alertmanager.url);
    return storyOf(receiver);
  } finally {
    await alertmanager.remove();
    await receiver.close();
  }
}

async function playTo(url: string): Promise<void> {
  const beginMs = Date.now();
  for (let second = 0; second <= untilSeconds; second++) {
    await sleep(Math.max(0, beginMs + second * 1000 - Date.now()));
    const changed = episodes.filter(({ from, to }) => from === second || to === second);
    if (changed.length === 0) continue;
    const body = changed.map(({ name, labels, from, to }) => ({
      labels: { alertname: name, ...labels },
      startsAt: new Date(beginMs + from * 1000).toISOString(),
      endsAt: new Date(to === second ? beginMs + second * 1000 : beginMs + 3_600_000).toISOString(),
    }));
    const answer = await fetch(`${url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200);
  }
}

function storyOf(receiver: HttpReceiver): Story {
  const story: Story = {};
  for (const { body } of receiver.requests) {
    const {
      receiver: name,
      groupKey,
      alerts,
    } = JSON.parse(body) as {
      receiver: string;
      groupKey: string;
      alerts: { status: string; labels: Record<string, string> }[];
    };
    const told = alerts.map(({ status, labels }) => `${labels.name}${status === 'firing' ? '+' : '-'}`);
    addTo(story, name, groupKey, told);
  }
  return story;
}

function ourStory(): Story {
  const dispatcher = new Dispatcher(routing, [], { externalUrl: '' });
  const story: Story = {};
  let untold: ReadonlySet<string> = new Set();
  for (let second = 0; second <= untilSeconds; second++) {
    const alerts = alertsAt(episodes, second, untold);
    const result = dispatcher.step(alerts, startMs + second * 1000, noWishes, () => null);
    ({ untold } = result);
    for (const { receiver: name, groupKey, alerts: told } of result.notifications) {
      const texts = told.map(({ status, labels }) => `${labels.name}${status === 'firing' ? '+' : '-'}`);
      addTo(story, name, groupKey, texts);
    }
  }
  return story;
}

test('notifications are those of a real Alertmanager, group by group', { timeout: 180_000 }, async () => {
  const ours = ourStory();
  assert.ok(Object.keys(ours).length >= 10);
  // A machine that stands still for a second changes their story: then it is heard again.
  let theirs = await theirStory();
  for (let more = 2; more > 0 && !isDeepStrictEqual(ours, theirs); more--) theirs = await theirStory();
  assert.deepEqual(ours, theirs);
});
