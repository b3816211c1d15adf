import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AlertWishes } from '../../../workers/contract/alert-tasks.ts';
import { alertOf, noWishes, one, type Play, play, routing, startMs, two, way } from './stage.ts';

const acknowledged: AlertWishes = {
  silences: [],
  acknowledgements: { [alertOf(one(0), false).id]: { by: 'x', comment: '', atMs: 0 } },
};

describe('a timeline of notifications', () => {
  const table: [name: string, play: Play, lines: string[]][] = [
    [
      'tells a new group after group_wait, and its end at the next interval',
      { routing: routing(), episodes: [one(0, 100)], untilSeconds: 1000 },
      [`30 new ${way} a+`, `330 resolved ${way} a-`],
    ],
    [
      'tells at once when group_wait is 0',
      { routing: routing({ groupWaitMs: 0 }), episodes: [one(7)], untilSeconds: 100 },
      [`7 new ${way} a+`],
    ],
    [
      'tells an end that is already there when group_wait is 0 only after the interval',
      { routing: routing({ groupWaitMs: 0 }), episodes: [one(7, 8)], untilSeconds: 400 },
      [`7 new ${way} a+`, `307 resolved ${way} a-`],
    ],
    [
      'never tells the end of what was not told to fire',
      { routing: routing(), episodes: [one(0, 20)], untilSeconds: 1000 },
      [],
    ],
    [
      'puts alerts of one group together, the oldest first',
      { routing: routing(), episodes: [{ ...two, from: 20 }, one(0)], untilSeconds: 200 },
      [`30 new ${way} a+ two+`],
    ],
    [
      'tells a change after group_interval with all that fire',
      { routing: routing(), episodes: [one(0), { ...two, from: 31 }], untilSeconds: 800 },
      [`30 new ${way} a+`, `330 changed ${way} a+ two+`],
    ],
    [
      'tells ends together with what fires on',
      { routing: routing(), episodes: [one(0), { ...two, from: 0, to: 60 }], untilSeconds: 800 },
      [`30 new ${way} two+ a+`, `330 changed ${way} a+ two-`],
    ],
    [
      'repeats what nobody changes after repeat_interval',
      { routing: routing({ repeatIntervalMs: 900_000 }), episodes: [one(0)], untilSeconds: 2000 },
      [`30 new ${way} a+`, `930 repeat ${way} a+`, `1830 repeat ${way} a+`],
    ],
    [
      'repeats at the flush that follows when repeat_interval is no multiple of group_interval',
      { routing: routing({ repeatIntervalMs: 400_000 }), episodes: [one(0)], untilSeconds: 700 },
      [`30 new ${way} a+`, `630 repeat ${way} a+`],
    ],
    [
      'counts the repeat from the last notification',
      {
        routing: routing({ repeatIntervalMs: 900_000 }),
        episodes: [one(0), { ...two, from: 400 }],
        untilSeconds: 1600,
      },
      [`30 new ${way} a+`, `630 changed ${way} a+ two+`, `1530 repeat ${way} a+ two+`],
    ],
    [
      'says nothing of an alert that ended and began again between two flushes',
      { routing: routing(), episodes: [one(0, 100), one(200)], untilSeconds: 1000 },
      [`30 new ${way} a+`],
    ],
    [
      'tells a later episode as new',
      { routing: routing(), episodes: [one(0, 100), one(400)], untilSeconds: 1000 },
      [`30 new ${way} a+`, `330 resolved ${way} a-`, `430 new ${way} a+`],
    ],
    [
      'keeps groups apart by their labels',
      { routing: routing(), episodes: [one(0), { name: 'b', from: 10 }], untilSeconds: 300 },
      [`30 new ${way} a+`, `40 new ${way} b+`],
    ],
    [
      'groups by all labels with ...',
      { routing: routing({ groupBy: null }), episodes: [one(0), { ...two, from: 5 }], untilSeconds: 300 },
      [`30 new ${way} a+`, `35 new ${way} two+`],
    ],
    [
      'groups everything together by nothing',
      { routing: routing({ groupBy: [] }), episodes: [one(0), { name: 'b', from: 10 }], untilSeconds: 300 },
      [`30 new ${way} a+ b+`],
    ],
    [
      'goes on after restarts as though there had been none',
      {
        routing: routing({ repeatIntervalMs: 900_000 }),
        episodes: [one(0, 1000), { ...two, from: 40, to: 400 }],
        untilSeconds: 2000,
        restarts: [10, 29, 30, 31, 200, 330, 331, 500, 999, 1000, 1230, 1231],
      },
      [
        `30 new ${way} a+`,
        `330 changed ${way} a+ two+`,
        `630 changed ${way} a+ two-`,
        `1230 resolved ${way} a-`,
      ],
    ],
    [
      'tells an old alert at once when it comes late',
      {
        routing: routing(),
        episodes: [{ ...one(5), change: { firedAtMs: startMs - 60_000 } }],
        untilSeconds: 100,
      },
      [`5 new ${way} a+`],
    ],
    [
      'keeps to group_interval in coarse steps',
      { routing: routing(), episodes: [one(0), { ...two, from: 331 }], untilSeconds: 1000, stepSeconds: 7 },
      [`35 new ${way} a+`, `336 changed ${way} a+ two+`],
    ],
    [
      'leaves ends out where they are not wanted, and begins anew after them',
      {
        routing: routing(
          {},
          {
            receivers: [{ name: 'team', integrations: [{ key: 'slack/0', sendResolved: false }] }],
          },
        ),
        episodes: [one(0, 100), { ...two, from: 0, to: 400 }, one(700)],
        untilSeconds: 1500,
      },
      ['30 new team/slack/0 two+ a+', '730 new team/slack/0 a+'],
    ],
    [
      'asks each way out of a receiver whether it wants ends',
      {
        routing: routing(
          { repeatIntervalMs: 600_000 },
          {
            receivers: [
              {
                name: 'team',
                integrations: [
                  { key: 'slack/0', sendResolved: false },
                  { key: 'webhook/0', sendResolved: true },
                ],
              },
            ],
          },
        ),
        episodes: [one(0, 100), { ...two, from: 0 }],
        untilSeconds: 700,
      },
      [
        '30 new team/slack/0 two+ a+',
        '30 new team/webhook/0 two+ a+',
        '330 changed team/webhook/0 two+ a-',
        '630 repeat team/slack/0 two+',
        '630 repeat team/webhook/0 two+',
      ],
    ],
    [
      'counts unknown alerts as firing and names their sources',
      {
        routing: routing({ repeatIntervalMs: 300_000 }),
        episodes: [{ ...one(0), change: { unknownSources: ['queues'] } }],
        untilSeconds: 400,
      },
      [`30 new ${way} a+`, `330 repeat ${way} a+`],
    ],
    [
      'does not tell pending alerts',
      { routing: routing(), episodes: [{ ...one(0), change: { state: 'pending' } }], untilSeconds: 400 },
      [],
    ],
    [
      'does not repeat what is acknowledged',
      {
        routing: routing({ repeatIntervalMs: 300_000 }),
        episodes: [one(0)],
        untilSeconds: 2000,
        wishes: (second) => (second < 400 ? noWishes : acknowledged),
      },
      [`30 new ${way} a+`, `330 repeat ${way} a+`],
    ],
    [
      'tells the end of what is acknowledged, and what is new beside it',
      {
        routing: routing({ repeatIntervalMs: 900_000 }),
        episodes: [one(0, 1300), { ...two, from: 700, to: 1400 }],
        untilSeconds: 2000,
        wishes: () => acknowledged,
      },
      [`30 new ${way} a+`, `930 changed ${way} a+ two+`, `1530 resolved ${way} a- two-`],
    ],
  ];
  for (const [name, given, lines] of table) test(name, () => assert.deepEqual(play(given).lines, lines));
});
