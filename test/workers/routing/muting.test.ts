import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AlertWishes } from '../../../workers/contract/alert-tasks.ts';
import type { Alert, Routing, Silence } from '../../../workers/contract/alerts.ts';
import { parseMatchers } from '../../../workers/routing/matchers.ts';
import { alertOf, one, type Play, play, rootRoute, routing, startMs, two, way } from './stage.ts';

describe('alerts that are mute', () => {
  const silence: Silence = {
    id: 's1',
    matchers: parseMatchers('alertname=a,instance=""'),
    startsAtMs: startMs,
    endsAtMs: startMs + 500_000,
    createdBy: 'me',
    comment: 'why',
  };
  const silenced = (): AlertWishes => ({ silences: [{ ...silence }], acknowledgements: {} });
  const later = (): AlertWishes => ({
    silences: [{ ...silence, startsAtMs: startMs + 100_000, endsAtMs: startMs + 700_000 }],
    acknowledgements: {},
  });
  const inhibiting = (equal: string[]): Partial<Routing> => ({
    inhibitRules: [
      {
        sourceMatchers: parseMatchers('alertname="b"'),
        targetMatchers: parseMatchers('alertname="a"'),
        equal,
      },
    ],
  });
  const night: Routing = routing(
    {
      routes: [
        {
          ...rootRoute,
          key: '{}/{alertname="a"}',
          matchers: parseMatchers('alertname=a'),
          muteTimeIntervals: ['night'],
        },
      ],
    },
    {
      timeIntervals: {
        night: [
          {
            ...{ weekdays: [], daysOfMonth: [], months: [], years: [], location: 'UTC' },
            times: [{ from: 0, to: 10 }],
          },
        ],
      },
    },
  );
  const daytime: Routing = {
    ...night,
    route: {
      ...night.route,
      routes: [{ ...night.route.routes[0]!, muteTimeIntervals: [], activeTimeIntervals: ['day'] }],
    },
    timeIntervals: { day: [{ ...night.timeIntervals.night![0]!, times: [{ from: 10, to: 20 }] }] },
  };

  const table: [name: string, play: Play, lines: string[]][] = [
    [
      'are told when the silence ends while they fire',
      { routing: routing(), episodes: [one(0)], untilSeconds: 1000, wishes: silenced },
      [`630 new ${way} a+`],
    ],
    [
      'are left out of what is told of their group',
      { routing: routing(), episodes: [one(0), { ...two, from: 0 }], untilSeconds: 1000, wishes: silenced },
      [`30 new ${way} two+`, `630 changed ${way} two+ a+`],
    ],
    [
      'are told again after a silence that came later',
      { routing: routing(), episodes: [one(0)], untilSeconds: 1500, wishes: later },
      [`30 new ${way} a+`, `930 new ${way} a+`],
    ],
    [
      'end in silence',
      { routing: routing(), episodes: [one(0, 400)], untilSeconds: 1500, wishes: later },
      [`30 new ${way} a+`],
    ],
    [
      'are inhibited while another fires',
      {
        routing: routing({}, inhibiting([])),
        episodes: [one(0), { name: 'b', from: 0, to: 200 }],
        untilSeconds: 400,
      },
      [`30 new ${way} b+`, `330 new ${way} a+`, `330 resolved ${way} b-`],
    ],
    [
      'are not told anew when they were told before another began',
      {
        routing: routing({}, inhibiting([])),
        episodes: [one(0), { name: 'b', from: 100, to: 500 }],
        untilSeconds: 1000,
      },
      [`30 new ${way} a+`, `130 new ${way} b+`, `730 resolved ${way} b-`],
    ],
    [
      'are not inhibited by one with another value of an equal label',
      {
        routing: routing({}, inhibiting(['instance'])),
        episodes: [one(0), { ...two, from: 0 }, { name: 'b', labels: { instance: 'two' }, from: 0 }],
        untilSeconds: 200,
      },
      [`30 new ${way} a+`, `30 new ${way} two+`],
    ],
    [
      'are inhibited where both lack an equal label',
      {
        routing: routing({}, inhibiting(['instance'])),
        episodes: [one(0), { ...two, from: 0 }, { name: 'b', from: 0 }],
        untilSeconds: 200,
      },
      [`30 new ${way} two+`, `30 new ${way} b+`],
    ],
    [
      'do not inhibit themselves',
      {
        routing: routing(
          {},
          {
            inhibitRules: [{ sourceMatchers: [], targetMatchers: parseMatchers('alertname="a"'), equal: [] }],
          },
        ),
        episodes: [one(0)],
        untilSeconds: 200,
      },
      [`30 new ${way} a+`],
    ],
    [
      'wait for their route to speak again',
      { routing: night, episodes: [one(0)], untilSeconds: 1000 },
      [`630 new ${way} a+`],
    ],
    [
      'wait for their route to become active',
      { routing: daytime, episodes: [one(0)], untilSeconds: 1000 },
      [`630 new ${way} a+`],
    ],
    [
      'are kept quiet by maintenance',
      {
        routing: routing(),
        episodes: [one(0), { ...two, from: 0 }],
        untilSeconds: 400,
        maintenance: ({ labels }: Alert) => (labels.instance === undefined ? 'mail' : null),
      },
      [`30 new ${way} two+`],
    ],
  ];
  for (const [name, given, lines] of table) test(name, () => assert.deepEqual(play(given).lines, lines));

  const reasons: [name: string, play: Play, mutedBy: unknown][] = [
    [
      'say which silence',
      { routing: routing(), episodes: [one(0)], untilSeconds: 1, wishes: silenced },
      { by: 'silence', id: 's1' },
    ],
    [
      'say which alert inhibits them',
      { routing: routing({}, inhibiting([])), episodes: [one(0), { name: 'b', from: 0 }], untilSeconds: 1 },
      { by: 'inhibition', id: alertOf({ name: 'b', from: 0 }, false).id },
    ],
    [
      'say which time interval',
      { routing: night, episodes: [one(0)], untilSeconds: 1 },
      { by: 'time', id: 'night' },
    ],
    [
      'say what is under maintenance',
      { routing: routing(), episodes: [one(0)], untilSeconds: 1, maintenance: () => 'mail' },
      { by: 'maintenance', id: 'mail' },
    ],
    ['say nothing when they are not', { routing: routing(), episodes: [one(0)], untilSeconds: 1 }, null],
  ];
  for (const [name, given, mutedBy] of reasons) {
    test(name, () => assert.deepEqual(play(given).last.active[0]!.mutedBy, mutedBy));
  }
});
