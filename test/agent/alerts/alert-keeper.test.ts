import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertKeeper, type AlertPorts } from '../../../agent/alerts/alert-keeper.ts';
import { systemClock } from '../../../agent/clock.ts';
import { createLog, TroubleLog } from '../../../agent/log.ts';
import type {
  AlertChanges,
  AlertSettings,
  AlertsTask,
  KeptAlerts,
  RulesResult,
  RulesTask,
} from '../../../workers/contract/alert-tasks.ts';
import type { Alert, Notification, NotifyGroup, Silence } from '../../../workers/contract/alerts.ts';

const settings: AlertSettings = {
  groups: [],
  routing: {
    route: {
      key: '{}',
      receiver: 'none',
      groupBy: [],
      groupWaitMs: 0,
      groupIntervalMs: 1,
      repeatIntervalMs: 1,
      matchers: [],
      continues: false,
      muteTimeIntervals: [],
      activeTimeIntervals: [],
      routes: [],
    },
    receivers: [],
    inhibitRules: [],
    timeIntervals: {},
  },
  externalUrl: '',
  intervalMs: 2000,
  rawRetentionMs: 1,
  commonTags: {},
};

const alert: Alert = {
  id: 'a-1',
  fingerprint: 'a',
  rule: 'r',
  labels: { alertname: 'a' },
  annotations: {},
  state: 'firing',
  unknownSources: [],
  unknownSinceMs: 0,
  value: 1,
  activeAtMs: 1000,
  firedAtMs: 1000,
  resolvedAtMs: 0,
  keepFiringSinceMs: 0,
  cause: null,
  reach: null,
};

const notification = { id: 'n' } as Notification;
const empty: Omit<AlertChanges, 'timeMs'> = {
  alerts: [],
  forgottenAlerts: [],
  groups: [],
  forgottenGroups: [],
  notifications: [],
  recordings: [],
};
const silence: Silence = {
  id: 's',
  matchers: [{ name: 'queue', op: '=', value: 'mail' }],
  startsAtMs: 0,
  endsAtMs: 1e12,
  createdBy: 'me',
  comment: 'why',
};

/** A keeper whose evaluations give what the test says, and what it was asked. */
function kept(evaluate: (task: RulesTask) => Partial<AlertChanges> & { nextDueMs?: number } = () => ({})) {
  const tasks: RulesTask[] = [];
  const written: AlertsTask[] = [];
  const told: Notification[] = [];
  const log: string[] = [];
  const stage = { refuses: false, fails: false, laterMs: 0, undelivered: [] as string[] };
  const ports: AlertPorts = {
    kept: async (): Promise<KeptAlerts> => ({
      alerts: [],
      groups: [],
      silences: [],
      acknowledgements: {},
      waiting: [],
      waitingBeyond: [],
      evaluatedAtMs: 0,
    }),
    write: async (task) => {
      if (stage.refuses) throw new Error('disk full');
      written.push(task);
    },
    evaluate: async (task): Promise<RulesResult> => {
      tasks.push(task);
      if (stage.fails) throw new Error('worker ended');
      const { nextDueMs = 0, ...changes } = evaluate(task);
      return {
        changes: { timeMs: task.timeMs, ...empty, ...changes },
        active: [{ alert, mutedBy: null, receivers: [], isFlapping: false }],
        health: [],
        layout: '[]',
        values: Float64Array.of(1),
        problems: [],
        nextDueMs,
      };
    },
  };
  const keeper = new AlertKeeper(settings, {
    ports,
    queue: {
      start: () => {},
      add: (more) => told.push(...more),
      holds: ({ id }) => stage.undelivered.includes(id),
    },
    clock: { ...systemClock, now: () => 5000, monotonicMs: () => stage.laterMs },
    log: createLog('info', (line) => log.push(line)),
    troubles: new TroubleLog(createLog('info', (line) => log.push(line))),
  });
  const tick = async (timeMs: number, downSources: string[] = []) => {
    keeper.afterTick({ timeMs, downSources, slowFactor: 1 });
    await keeper.idle();
  };
  return { keeper, tasks, written, told, log, stage, tick };
}

test('what changed and its notifications are one write, and only then told', async () => {
  const { tick, written, told } = kept(() => ({ alerts: [alert], notifications: [notification] }));
  await tick(1000);
  assert.equal(written.length, 1);
  assert.deepEqual(written[0], {
    do: 'commit',
    changes: { timeMs: 1000, ...empty, alerts: [alert], notifications: [notification] },
  });
  assert.deepEqual(told, [notification]);
});

test('an evaluation that changes nothing writes nothing', async () => {
  const { tick, written } = kept();
  await tick(1000);
  assert.deepEqual(written, []);
});

test('nothing is evaluated before something is due, unless a source went down or the clock went back', async () => {
  const { tick, tasks } = kept(() => ({ nextDueMs: 10_000 }));
  await tick(2000);
  await tick(4000);
  assert.equal(tasks.length, 1);
  await tick(6000, ['queues main']);
  await tick(8000, ['queues main']);
  assert.equal(tasks.length, 2);
  await tick(1000, ['queues main']);
  assert.equal(tasks.length, 3);
});

test('while one evaluation runs, ticks go on without', async () => {
  const { keeper, tasks } = kept();
  keeper.afterTick({ timeMs: 1000, downSources: [], slowFactor: 1 });
  keeper.afterTick({ timeMs: 2000, downSources: [], slowFactor: 1 });
  await keeper.idle();
  assert.equal(tasks.length, 1);
});

test('a store that takes nothing keeps nobody from being told, and gets all of it later, what ended too', async () => {
  const other = { ...alert, id: 'b-2', state: 'pending' as const };
  const ended = { ...alert, state: 'resolved' as const, resolvedAtMs: 2000 };
  const [sent, late] = [
    { ...notification, id: 'sent' },
    { ...notification, id: 'late' },
  ];
  const group = { key: 'g', count: 1 } as NotifyGroup;
  const byTime: Record<number, Partial<AlertChanges>> = {
    1000: { alerts: [alert, other], notifications: [sent, late], groups: [group] },
    2000: { alerts: [ended], forgottenAlerts: ['b-2'], notifications: [notification] },
    3000: { forgottenGroups: ['g'] },
  };
  const { tick, told, tasks, written, stage } = kept(({ timeMs }) => byTime[timeMs] ?? {});
  stage.refuses = true;
  stage.undelivered = ['sent', 'late', 'n'];
  for (const timeMs of [1000, 2000, 3000]) await tick(timeMs);
  assert.deepEqual(told, [sent, late, notification]);
  assert.deepEqual(written, []);
  // One of them was delivered meanwhile.
  stage.undelivered = ['late', 'n'];
  stage.refuses = false;
  await tick(4000);
  const whole = { ...empty, timeMs: 4000, alerts: [ended], forgottenAlerts: ['b-2'], forgottenGroups: ['g'] };
  assert.deepEqual(written, [{ do: 'commit', changes: { ...whole, notifications: [late, notification] } }]);
  assert.deepEqual(tasks[3]!.unwritten, { ...whole, timeMs: 3000 }, 'a new worker needs it');
  await tick(5000);
  assert.equal(tasks[4]!.unwritten, null);
  assert.equal(written.length, 1);
});

test('an evaluation that failed is asked for with the same number again, and after three the source is down', async () => {
  const { keeper, tick, tasks, log, stage } = kept();
  await tick(1000);
  stage.fails = true;
  await tick(2000);
  assert.equal(keeper.isAlive(), true);
  assert.deepEqual([...keeper.takeReading().values], [1], 'of the first');
  assert.deepEqual([...keeper.takeReading().values], [Number.NaN], 'told once');
  await tick(3000);
  await tick(4000);
  assert.equal(keeper.isAlive(), false);
  assert.throws(() => keeper.takeReading(), /rules cannot be evaluated/);
  assert.deepEqual(
    tasks.map(({ sequence }) => sequence),
    [0, 1, 1, 1],
  );
  assert.equal(keeper.active().length, 1, 'alerts stay as they were');
  assert.equal(log.filter((line) => line.includes('worker ended')).length, 1);
});

test('a silence is stored before it holds, and is looked at at once', async () => {
  const { keeper, tick, tasks, written, stage } = kept(() => ({ nextDueMs: 1e12 }));
  await tick(1000);
  stage.refuses = true;
  await assert.rejects(keeper.silence(silence), /disk full/);
  assert.deepEqual(keeper.silences(), []);
  stage.refuses = false;
  await keeper.silence(silence);
  await tick(2000);
  assert.deepEqual(written, [{ do: 'silence', silence }]);
  assert.deepEqual(JSON.parse(tasks[1]!.wishes), { silences: [silence], acknowledgements: {} });
});

test('silences that are asked for at once all hold', async () => {
  const { keeper } = kept();
  await Promise.all([keeper.silence(silence), keeper.silence({ ...silence, id: 't' })]);
  assert.deepEqual(
    keeper.silences().map(({ id }) => id),
    ['s', 't'],
  );
});

test('what is said while an evaluation runs is looked at with the next tick', async () => {
  const { keeper, tick, tasks } = kept(() => ({ nextDueMs: 1e12 }));
  await tick(1000);
  const acknowledgement = { by: 'me', comment: '', atMs: 1 };
  keeper.afterTick({ timeMs: 2000, downSources: ['host'], slowFactor: 1 });
  await keeper.acknowledge('a-1', acknowledgement);
  await keeper.idle();
  await tick(3000, ['host']);
  assert.deepEqual(JSON.parse(tasks.at(-1)!.wishes).acknowledgements, { 'a-1': acknowledgement });
});

test('rules that no tick asks for do not count as evaluated', async () => {
  const { keeper, tick, stage } = kept(() => ({ nextDueMs: 1e12 }));
  assert.equal(keeper.isAlive(), false);
  await tick(1000);
  stage.laterMs = 60_000;
  await tick(2000);
  stage.laterMs = 120_000;
  assert.equal(keeper.isAlive(), true, 'nothing was due');
  stage.laterMs = 130_000;
  assert.equal(keeper.isAlive(), false);
});

test('a silence that ends by itself is looked at in time', async () => {
  const { keeper, tick, tasks } = kept(() => ({ nextDueMs: 1e12 }));
  await keeper.silence({ ...silence, endsAtMs: 9000 });
  await tick(8000);
  await tick(8500);
  assert.equal(tasks.length, 1);
  await tick(9000);
  assert.equal(tasks.length, 2);
});

test('a silence can be ended once', async () => {
  const { keeper } = kept();
  await keeper.silence(silence);
  assert.equal(await keeper.endSilence('s'), true);
  assert.equal(keeper.silences()[0]!.endsAtMs, 5000);
  assert.equal(await keeper.endSilence('s'), false);
  assert.equal(await keeper.endSilence('other'), false);
});

test('only what is pending or firing can be acknowledged, and it is forgotten with the alert', async () => {
  const { keeper, tick, tasks } = kept();
  const acknowledgement = { by: 'me', comment: '', atMs: 1 };
  assert.equal(await keeper.acknowledge('a-1', acknowledgement), false);
  await tick(1000);
  assert.equal(await keeper.acknowledge('a-1', acknowledgement), true);
  assert.deepEqual(keeper.acknowledgementOf('a-1'), acknowledgement);
  assert.equal(keeper.acknowledgementOf('__proto__'), undefined);
  await tick(2000);
  assert.deepEqual(JSON.parse(tasks[1]!.wishes).acknowledgements, { 'a-1': acknowledgement });
});

test('who begins to fire and who ends is logged, a burst in a bounded number of lines', async () => {
  const burst = Array.from({ length: 30 }, (_, i) => ({ ...alert, id: `b-${i}`, firedAtMs: 1000 }));
  const ended = { ...alert, state: 'resolved' as const, resolvedAtMs: 2000 };
  const { tick, log } = kept(({ timeMs }) => ({ alerts: timeMs === 1000 ? burst : [alert, ended] }));
  await tick(1000);
  assert.equal(log.length, 21);
  assert.match(log[0]!, / warn alert firing alertname=a id=b-0\n$/);
  assert.match(log[20]!, / warn 10 more alerts began to fire or ended\n$/);
  await tick(2000);
  assert.match(log[21]!, / warn alert resolved alertname=a id=a-1\n$/);
  assert.equal(log.length, 22);
});
