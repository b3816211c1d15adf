import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BacktestPort, Backtests } from '../../../agent/alerts/backtests.ts';
import { defaultRouting } from '../../../agent/alerts/notify-file/routing.ts';
import { readRuleFile } from '../../../agent/alerts/rule-files/rule-file.ts';
import { systemClock } from '../../../agent/clock.ts';
import type { BacktestPlan, BacktestReport } from '../../../workers/contract/backtest.ts';

const nowMs = 1_700_000_000_000;
const rulesText = `groups:
- name: a
  rules:
  - {record: 'queue:sum', expr: sum by (queue) (queue_waiting)}
  - {record: 'queue:rate', expr: 'rate(queue:sum[5m])'}
  - {alert: high-queue, expr: 'queue:rate > 5'}
- name: b
  rules:
  - {alert: other, expr: system_load1 > 5}
`;
const { groups } = readRuleFile('/r.yml', 'r.yml', Buffer.from(rulesText), 2000);
const report: BacktestReport = {
  ...{ sinceMs: 0, untilMs: 1, rules: [], receivers: [], notifications: [], problems: [] },
};
const hour = { sinceMs: nowMs - 3_600_000, untilMs: nowMs };
const never = new AbortController().signal;

function backtests(port: Partial<BacktestPort>, monotonicMs = () => 0): Backtests {
  return new Backtests({
    port: {
      backtestStep: async () => ({ done: 1, report }),
      endBacktest: async () => {},
      ...port,
    },
    alerting: () => ({ groups, routing: defaultRouting() }),
    ...{ externalUrl: '', commonTags: {}, intervalMs: 2000, rawRetentionMs: 86_400_000 },
    clock: { ...systemClock, now: () => nowMs, monotonicMs },
  });
}

test('a rule is replayed with all that it needs recorded, and nothing else', async () => {
  let plan: BacktestPlan | undefined;
  const replays = backtests({
    backtestStep: async (task) => {
      plan = JSON.parse(task.plan!) as BacktestPlan;
      return { done: 1, report };
    },
  });
  assert.equal(await replays.run({ rule: 'high-queue', ...hour }, never), report);
  assert.deepEqual(
    plan!.groups.map(({ rules }) => rules.map(({ name }) => name)),
    [['queue:sum', 'queue:rate', 'high-queue']],
  );
  assert.deepEqual(
    [plan!.sinceMs, plan!.untilMs, plan!.rawFromMs],
    [nowMs - 3_600_000, nowMs, nowMs - 86_400_000],
  );
});

test('a replay goes on part by part until there is a report', async () => {
  const plans: (boolean | string)[] = [];
  const replays = backtests({
    backtestStep: async ({ id, plan }) => {
      plans.push(plan !== null, id);
      return plans.length < 6 ? { done: plans.length / 6, report: null } : { done: 1, report };
    },
  });
  await replays.run({ file: rulesText, ...hour }, never);
  assert.deepEqual([plans[0], plans[2], plans[4]], [true, false, false]);
  assert.equal(plans[1], plans[5]);
});

test('one replay runs at a time, and the next may begin when it ended', async () => {
  let end = () => {};
  const replays = backtests({
    backtestStep: () =>
      new Promise((resolve) => {
        end = () => resolve({ done: 1, report });
      }),
  });
  const first = replays.run({ rule: 'other', ...hour }, never);
  assert.equal(await replays.run({ rule: 'other', ...hour }, never), 'busy');
  end();
  assert.equal(await first, report);
  const second = replays.run({ rule: 'other', ...hour }, never);
  end();
  assert.equal(await second, report);
});

test('a replay that nobody waits for any more ends between two parts and lets go', async () => {
  const left = new AbortController();
  const ended: string[] = [];
  let parts = 0;
  const replays = backtests({
    backtestStep: async () => {
      if (++parts === 3) left.abort();
      return { done: 0.1, report: null };
    },
    endBacktest: async (id) => {
      ended.push(id);
    },
  });
  await assert.rejects(replays.run({ rule: 'other', ...hour }, left.signal), { name: 'AbortError' });
  assert.deepEqual([parts, ended.length], [3, 1]);
});

test('a replay that takes too long ends, and says how far it came', async () => {
  let ms = 0;
  const replays = backtests(
    {
      backtestStep: async () => {
        ms += 20_000;
        return { done: ms / 1e6, report: null };
      },
    },
    () => ms,
  );
  await assert.rejects(replays.run({ rule: 'other', ...hour }, never), {
    code: 'USAGE',
    message: /^only 6 % was replayed in 45 s: ask for fewer rules or a shorter time/,
  });
});

test('what cannot be replayed is refused in words', async () => {
  const replays = backtests({});
  for (const [wish, said] of [
    [{ rule: 'high-quee', ...hour }, /no alerting rule "high-quee"; did you mean "high-queue"\?/],
    [{ rule: 'queue:sum', ...hour }, /no alerting rule/],
    [{ ...hour }, /expected either rule.*or file/],
    [{ rule: 'other', file: rulesText, ...hour }, /expected either rule.*or file/],
    [{ rule: 'other', sinceMs: nowMs + 1, untilMs: nowMs + 2 }, /^since: expected a time before until/],
    [
      { file: 'groups: [{name: g, rules: [{alert: b, expr: up >}]}]', ...hour },
      /^file:1:\d+: .*could not parse/,
    ],
    [{ file: 'groups: []', ...hour }, /no alerting rule in it/],
  ] as const) {
    await assert.rejects(replays.run(wish, never), { code: 'USAGE', message: said });
  }
});

test('a rule that sees other alerts is replayed with them', async () => {
  let plan: BacktestPlan | undefined;
  const text = `${rulesText}  - {alert: many, expr: 'count(ALERTS) > 5'}\n`;
  const all = readRuleFile('/r.yml', 'r.yml', Buffer.from(text), 2000).groups;
  const replays = new Backtests({
    port: {
      backtestStep: async (task) => {
        plan = JSON.parse(task.plan!) as BacktestPlan;
        return { done: 1, report };
      },
      endBacktest: async () => {},
    },
    alerting: () => ({ groups: all, routing: defaultRouting() }),
    ...{ externalUrl: '', commonTags: {}, intervalMs: 2000, rawRetentionMs: 86_400_000 },
    clock: { ...systemClock, now: () => nowMs },
  });
  await replays.run({ rule: 'many', ...hour }, never);
  assert.deepEqual(
    plan!.groups.flatMap(({ rules }) => rules.map(({ name }) => name)),
    ['queue:sum', 'queue:rate', 'high-queue', 'other', 'many'],
  );
});
