import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Outbox } from '../../../agent/alerts/outbox.ts';
import type { SettleTask } from '../../../agent/alerts/way-out.ts';
import { createLog, TroubleLog } from '../../../agent/log.ts';
import {
  heldNotifications,
  type Notification,
  type WaitingNotification,
} from '../../../workers/contract/alerts.ts';
import { untilTrue } from '../../support/servers.ts';
import { FakeClock } from '../sinks/fakes/fake-clock.ts';
import { FakeNotifier, later, never } from './notifiers/fake-notifier.ts';
import { alertOf, notificationOf, resolvedOf } from './notifiers/notifications.ts';

const dayMs = 24 * 60 * 60_000;

let clock: FakeClock;
let notifier: FakeNotifier;
let other: FakeNotifier;
let settled: SettleTask[];
let lines: string[];
let settle: (task: SettleTask) => Promise<unknown>;
let outbox: Outbox;
/** What the store has. */
let kept: Notification[];

beforeEach(() => {
  clock = new FakeClock();
  notifier = new FakeNotifier();
  other = new FakeNotifier();
  settled = [];
  kept = [];
  lines = [];
  settle = async (task) => settled.push(task);
  outbox = open();
});

afterEach(() => outbox.close(0));

function open(): Outbox {
  const log = createLog('debug', (line) => lines.push(line));
  return new Outbox({
    receivers: [
      { name: 'oncall', integrations: [{ key: 'webhook/0', notifier }] },
      { name: 'team', integrations: [{ key: 'webhook/0', notifier: other }] },
    ],
    settle: (task) => settle(task),
    kept: async () => heldOf(kept),
    clock,
    log,
    troubles: new TroubleLog(log),
  });
}

/** As the store gives what waits in it. */
function heldOf(all: readonly Notification[]) {
  const waiting = all.slice(0, heldNotifications.most).map((notification) => ({
    ...{ notification, attempts: 0, nextAttemptMs: 0 },
  }));
  const { receiver, integration } = note('any');
  return { waiting, waitingBeyond: [{ receiver, integration, count: all.length - waiting.length }] };
}

function start(waiting: readonly WaitingNotification[]): void {
  outbox.start({ waiting, waitingBeyond: [] });
}

function add(notifications: readonly Notification[], isStored = true): void {
  outbox.add(notifications, isStored);
}

function note(id: string, changes: Partial<Notification> = {}, name = id): Notification {
  return notificationOf([alertOf(name)], { id, groupKey: name, createdMs: clock.now(), ...changes });
}

/** The end of what `note` with this name told. */
function ended(id: string, name: string): Notification {
  return notificationOf([resolvedOf(name)], {
    id,
    groupKey: name,
    createdMs: clock.now(),
    reason: 'resolved',
  });
}

const outcomes = () => settled.map(({ id, outcome }) => `${id} ${outcome}`);
const [backoff, sendTime] = [(ms: number) => ms < 80_000, 90_000];

/** Waits until it sleeps after a failure, and lets that time pass. */
async function passBackoff(): Promise<number> {
  const ms = await clock.sleeping(backoff);
  clock.advance(ms);
  return ms;
}

const counts = () => {
  const { sent, failed, waiting, givenUp, superseded } = outbox.counts()[0]!;
  return { sent, failed, waiting, givenUp, superseded };
};

describe('the outbox', () => {
  test('delivers and tells the store', async () => {
    start([]);
    add([note('a'), note('b')]);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a sent', 'b sent']));
    assert.deepEqual(settled[0], {
      do: 'settle',
      id: 'a',
      outcome: 'sent',
      attempts: 1,
      nextAttemptMs: 0,
      problem: '',
    });
    assert.deepEqual(counts(), { sent: 2, failed: 0, waiting: 0, givenUp: 0, superseded: 0 });
  });

  test('delivers what waited in the store', async () => {
    start([{ notification: note('a'), attempts: 3, nextAttemptMs: clock.now() + 5000 }]);
    assert.equal(await passBackoff(), 5000);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a sent']));
    assert.equal(settled[0]!.attempts, 4);
  });

  test('does not wait for a next attempt that a clock that jumped has put far away', async () => {
    start([{ notification: note('a'), attempts: 3, nextAttemptMs: clock.now() + 365 * dayMs }]);
    assert.equal(await clock.sleeping(() => true), 60 * 60_000);
  });

  test('leaves out what it has already', async () => {
    notifier.fails = () => later();
    const waiting = note('a');
    start([{ notification: waiting, attempts: 0, nextAttemptMs: 0 }]);
    add([waiting]);
    await clock.sleeping(backoff);
    assert.equal(counts().waiting, 1);
  });

  test('sends one at a time', async () => {
    start([]);
    add(['a', 'b', 'c', 'd'].map((id) => note(id)));
    await untilTrue(() => assert.equal(settled.length, 4));
    assert.equal(notifier.mostAtOnce, 1);
  });

  test('tries again later, and says when to the store', async () => {
    let failures = 2;
    notifier.fails = () => (failures-- > 0 ? later() : undefined);
    start([]);
    add([note('a')]);
    await passBackoff();
    await passBackoff();
    await untilTrue(() => assert.deepEqual(outcomes(), ['a later', 'a later', 'a sent']));
    assert.equal(settled[0]!.problem, 'out of order');
    assert.equal(settled[0]!.nextAttemptMs, clock.now() - 3000 + 1000);
    assert.deepEqual(counts(), { sent: 1, failed: 2, waiting: 0, givenUp: 0, superseded: 0 });
  });

  test('waits from 1 s to 5 minutes, doubling', async () => {
    notifier.fails = () => later();
    start([]);
    add([note('a')]);
    const waits: number[] = [];
    while (waits.length < 11) {
      waits.push(await clock.sleeping((ms) => ms !== sendTime));
      clock.advance(waits.at(-1)!);
    }
    assert.deepEqual(
      waits.slice(0, 8),
      [1, 2, 4, 8, 16, 32, 64, 128].map((seconds) => seconds * 1000),
    );
    assert.deepEqual(waits.slice(8), [150_000, 150_000, 150_000]);
  });

  test('adds up to as much again by chance', async () => {
    clock.chance = 0.999;
    notifier.fails = () => later();
    start([]);
    add([note('a')]);
    assert.equal(await clock.sleeping(backoff), 1999);
  });

  test('waits as long as a receiver asks, an hour at most', async () => {
    notifier.fails = () => later(120_000);
    start([]);
    add([note('a')]);
    assert.equal(await clock.sleeping((ms) => ms !== sendTime), 120_000);
    notifier.fails = () => later(dayMs);
    clock.advance(120_000);
    assert.equal(await clock.sleeping((ms) => ms !== sendTime), 60 * 60_000);
  });

  test('gives up at once what is refused, and goes on with the next', async () => {
    notifier.fails = ({ id }) => (id === 'a' ? never() : undefined);
    start([]);
    add([note('a'), note('b')]);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a given_up', 'b sent']));
    assert.equal(settled[0]!.problem, 'not wanted');
    assert.match(
      lines.join(''),
      /notification given up receiver=oncall integration=webhook\/0 id=a .*not wanted/,
    );
    assert.deepEqual(counts(), { sent: 1, failed: 1, waiting: 0, givenUp: 1, superseded: 0 });
  });

  test('tries an error that is none of its own again', async () => {
    let failures = 1;
    notifier.fails = () => (failures-- > 0 ? new TypeError('a mistake') : undefined);
    start([]);
    add([note('a')]);
    await passBackoff();
    await untilTrue(() => assert.deepEqual(outcomes(), ['a later', 'a sent']));
  });

  test('gives up what is a day old, and says why it failed', async () => {
    notifier.fails = () => later();
    start([]);
    add([note('a')]);
    await clock.sleeping(backoff);
    clock.advance(dayMs + 1);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a later', 'a given_up']));
    assert.match(settled[1]!.problem, /not delivered within 24 h: out of order/);
  });

  test('gives up what was a day old when it began', async () => {
    start([
      { notification: note('a', { createdMs: clock.now() - dayMs - 1 }), attempts: 9, nextAttemptMs: 0 },
    ]);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a given_up']));
    assert.deepEqual(notifier.tried, []);
  });

  test('delivers in order what an outage of 23 hours has held up', async () => {
    let isAway = true;
    notifier.fails = () => (isAway ? later() : undefined);
    start([]);
    add([note('1', {}, 'a'), note('2', {}, 'b'), ended('3', 'a'), ended('4', 'b')]);
    for (let outageMs = 0; outageMs < 23 * 60 * 60_000; ) {
      const ms = await clock.sleeping((asleep) => asleep !== sendTime);
      clock.advance(ms);
      outageMs += ms;
    }
    isAway = false;
    await untilTrue(() => assert.equal(notifier.taken.length, 4));
    const order = notifier.taken.join('');
    assert.ok(order.indexOf('1') < order.indexOf('3') && order.indexOf('2') < order.indexOf('4'), order);
    assert.ok(counts().failed > 250 && counts().failed < 600, `${counts().failed} attempts`);
    assert.equal(counts().givenUp, 0);
  });

  test('tells the end of an alert after its beginning, when that fails too', async () => {
    let failures = 3;
    notifier.fails = () => (failures-- > 0 ? later() : undefined);
    start([]);
    add([note('begin', {}, 'a'), ended('end', 'a')]);
    for (let i = 0; i < 3; i++) await passBackoff();
    await untilTrue(() => assert.deepEqual(notifier.taken, ['begin', 'end']));
    assert.deepEqual(notifier.tried, ['begin', 'begin', 'begin', 'begin', 'end']);
  });

  test('lets other groups pass one that fails', async () => {
    notifier.fails = ({ groupKey }) => (groupKey === 'bad' ? later() : undefined);
    start([]);
    add([note('1', {}, 'bad'), ended('2', 'bad'), note('3', {}, 'good'), note('4', {}, 'fine')]);
    await passBackoff();
    await untilTrue(() => assert.deepEqual(notifier.taken, ['3', '4']));
    assert.deepEqual(
      notifier.tried.filter((id) => id === '2'),
      [],
    );
  });

  test('leaves out what a newer notification of the group says as well', async () => {
    notifier.fails = () => later();
    start([]);
    add([note('old', {}, 'a')]);
    await clock.sleeping(backoff);
    notifier.fails = () => undefined;
    const both = notificationOf([alertOf('a'), alertOf('b')], {
      id: 'new',
      groupKey: 'a',
      createdMs: clock.now(),
    });
    add([both]);
    await untilTrue(() => assert.deepEqual(outcomes(), ['old later', 'old given_up']));
    await passBackoff();
    await untilTrue(() => assert.deepEqual(notifier.taken, ['new']));
    assert.deepEqual(counts(), { sent: 1, failed: 1, waiting: 0, givenUp: 0, superseded: 1 });
  });

  test('keeps a notification that says more than the newer one', async () => {
    notifier.fails = () => later();
    start([]);
    const both = notificationOf([alertOf('a'), alertOf('b')], {
      id: 'old',
      groupKey: 'a',
      createdMs: clock.now(),
    });
    add([both]);
    await clock.sleeping(backoff);
    notifier.fails = () => undefined;
    add([note('new', {}, 'a')]);
    await passBackoff();
    await untilTrue(() => assert.deepEqual(notifier.taken, ['old', 'new']));
  });

  test('is not delayed by a receiver that hangs', async () => {
    let release = () => {};
    notifier.hold = new Promise((resolve) => {
      release = resolve;
    });
    start([]);
    add([note('a'), note('b', { receiver: 'team' })]);
    await untilTrue(() => assert.deepEqual(outcomes(), ['b sent']));
    release();
    await untilTrue(() => assert.deepEqual(outcomes(), ['b sent', 'a sent']));
  });

  test('breaks an attempt off that takes too long', async () => {
    notifier.hold = new Promise(() => {});
    start([]);
    add([note('a')]);
    clock.advance(await clock.sleeping((ms) => ms === sendTime));
    await untilTrue(() => assert.deepEqual(outcomes(), ['a later']));
  });

  test('gives up what waits for a receiver that is configured no more', async () => {
    start([{ notification: note('a', { receiver: 'gone' }), attempts: 2, nextAttemptMs: 0 }]);
    add([note('b', { integration: 'email/7' })]);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a given_up', 'b given_up']));
    assert.match(lines.join(''), /receiver=gone .*configured no more/);
  });

  test('delivers each of 3,000 once, though it holds 1,000 at a time', async () => {
    let release = () => {};
    notifier.hold = new Promise((resolve) => {
      release = resolve;
    });
    settle = async (task) => {
      settled.push(task);
      kept = kept.filter(({ id }) => id !== task.id);
    };
    start([]);
    kept = Array.from({ length: 3000 }, (_, i) => note(`n${i}`));
    add(kept);
    assert.equal(counts().waiting, 3000);
    assert.deepEqual(
      kept.filter((one) => outbox.holds(one)).map(({ id }) => id),
      kept.slice(0, 1000).map(({ id }) => id),
      'the oldest',
    );
    release();
    await untilTrue(() => assert.equal(counts().sent, 3000));
    assert.equal(new Set(notifier.taken).size, 3000);
    assert.deepEqual([counts().waiting, counts().givenUp], [0, 0]);
  });

  test('holds about 8 MB, however few notifications that is', async () => {
    notifier.fails = () => later();
    start([]);
    const labels = { alertname: 'large', text: 'x'.repeat(100_000) };
    const alerts = Array.from({ length: 10 }, (_, i) => ({ ...alertOf(`a${i}`), labels }));
    const large = Array.from({ length: 20 }, (_, i) => ({ ...note(`n${i}`), alerts }));
    add(large);
    assert.equal(large.filter((one) => outbox.holds(one)).length, 9);
    assert.deepEqual([counts().waiting, counts().givenUp], [20, 0]);
  });

  test('leaves what comes later behind what waits in the store', async () => {
    notifier.fails = () => later();
    kept = Array.from({ length: 1001 }, (_, i) => note(`n${i}`));
    outbox.start(heldOf(kept));
    const newest = note('newest');
    add([newest]);
    assert.equal(outbox.holds(newest), false);
    assert.equal(counts().waiting, 1002);
  });

  test('counts as given up what finds no place while the store takes nothing', async () => {
    notifier.fails = () => later();
    start([]);
    add(
      Array.from({ length: 1003 }, (_, i) => note(`n${i}`)),
      false,
    );
    assert.deepEqual([counts().waiting, counts().givenUp], [1000, 3]);
    assert.match(lines.join(''), /notification given up .*id=n1002 .*the store takes none/);
  });

  test('asks the store again when it could not say what waits', async () => {
    let refusals = 1;
    kept = [note('a')];
    const all = kept;
    Object.defineProperty(all, 'slice', {
      value: () => {
        if (refusals-- > 0) throw new Error('cannot be read');
        return [...all];
      },
    });
    outbox.start({
      waiting: [],
      waitingBeyond: [{ receiver: 'oncall', integration: 'webhook/0', count: 1 }],
    });
    clock.advance(await clock.sleeping((ms) => ms === 5000));
    await untilTrue(() => assert.deepEqual(notifier.taken, ['a']));
    assert.match(lines.join(''), /store: cannot be read[\s\S]*store: well again/);
  });

  test('goes on with other receivers and with what waited', async () => {
    notifier.fails = () => later();
    start([]);
    add([note('a'), note('b', { receiver: 'team' })]);
    await untilTrue(() => assert.deepEqual(other.taken, ['b']));
    add([note('c')]);
    const next = new FakeNotifier();
    const closing = outbox.use(
      [{ name: 'oncall', integrations: [{ key: 'webhook/0', notifier: next }] }],
      1000,
    );
    add([note('d')]);
    await closing;
    add([note('e', { receiver: 'team' })]);
    await untilTrue(() => assert.deepEqual(next.taken, ['a', 'c', 'd']));
    assert.ok(notifier.isClosed && other.isClosed);
    await untilTrue(() => assert.ok(outcomes().includes('e given_up')));
  });
});

describe('a store that refuses', () => {
  test('is told again, without sending again', async () => {
    let refusals = 3;
    settle = async (task) => {
      if (refusals-- > 0) throw new Error('disk full');
      settled.push(task);
    };
    start([]);
    add([note('a'), note('b')]);
    for (const expected of [1000, 2000, 4000]) assert.equal(await passBackoff(), expected);
    await untilTrue(() => assert.deepEqual(outcomes(), ['a sent', 'b sent']));
    assert.deepEqual(notifier.tried, ['a', 'b']);
    assert.match(lines.join(''), /store: disk full/);
  });

  test('keeps the next from being sent, so that a kill repeats one at most', async () => {
    settle = async () => {
      throw new Error('disk full');
    };
    start([]);
    add([note('a'), note('b')]);
    await clock.sleeping(backoff);
    assert.deepEqual(notifier.tried, ['a']);
  });

  test('does not keep one that failed from being tried again', async () => {
    let failures = 1;
    notifier.fails = () => (failures-- > 0 ? later() : undefined);
    settle = async (task) => {
      if (task.outcome === 'later') throw new Error('disk full');
      settled.push(task);
    };
    start([]);
    add([note('a')]);
    await passBackoff();
    await untilTrue(() => assert.deepEqual(outcomes(), ['a sent']));
    assert.equal(settled[0]!.attempts, 2);
  });
});

describe('closing the outbox', () => {
  test('lets what is in flight arrive, and begins nothing more', async () => {
    let release = () => {};
    notifier.hold = new Promise((resolve) => {
      release = resolve;
    });
    start([]);
    add([note('a'), note('b')]);
    await untilTrue(() => assert.deepEqual(notifier.tried, ['a']));
    const closed = outbox.close(5000);
    release();
    await closed;
    assert.deepEqual(outcomes(), ['a sent']);
    assert.ok(notifier.isClosed && other.isClosed);
  });

  test('breaks off what hangs: it stays in the store as it was', async () => {
    notifier.hold = new Promise(() => {});
    start([]);
    add([note('a')]);
    await untilTrue(() => assert.deepEqual(notifier.tried, ['a']));
    const closed = outbox.close(5000);
    clock.advance(await clock.sleeping((ms) => ms === 5000));
    await closed;
    assert.deepEqual(settled, []);
    assert.ok(notifier.isClosed);
  });

  test('ends while it waits for its next attempt', async () => {
    notifier.fails = () => later();
    start([]);
    add([note('a')]);
    await clock.sleeping(backoff);
    await outbox.close(5000);
    assert.deepEqual(outcomes(), ['a later']);
  });

  test('ends while the store refuses', async () => {
    settle = async () => {
      throw new Error('disk full');
    };
    start([]);
    add([note('a')]);
    await clock.sleeping(backoff);
    await outbox.close(5000);
    assert.ok(notifier.isClosed);
  });
});
