import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { monitor } from '../../../agent/instrument/instrument.ts';
import { processRecorder } from '../../../agent/instrument/process-recorder.ts';
import type { ReadRecord } from './frame-reader.ts';
import { accountOf } from './frame-reader.ts';
import { Intake, type Place, temporaryPlace, until } from './intake.ts';
import '../../support/watchdog.ts';

type Loose = (...input: readonly unknown[]) => void;
const loose = monitor as unknown as Record<string, Loose>;

describe('monitor', () => {
  let place: Place;
  let intake: Intake;
  let seen = 0;
  const began = Date.now();

  before(async () => {
    place = temporaryPlace();
    process.env.NOVA_AGENT_INTAKE_SOCKET = place.path;
    intake = await Intake.listen(place.path);
    monitor.trackUser('first');
    await until(() => intake.records().length === 1, 'it connected');
  });
  beforeEach(() => {
    seen = intake.records().length;
  });
  after(async () => {
    processRecorder().close();
    await intake.close();
    place.remove();
  });

  /** The records since the test began, when so many have come. */
  async function told(count: number): Promise<ReadRecord[]> {
    await until(() => intake.records().length >= seen + count, `${count} records came`);
    return intake.records().slice(seen);
  }

  test('tracks requests with any form of time', async () => {
    const time = Date.UTC(2026, 10, 23, 12);
    const request = {
      endpoint: '/a',
      method: 'get',
      statusCode: 404,
      responseTime: 12.5,
      userId: 7,
      error: 'no',
    };
    for (const timestamp of [time, new Date(time), new Date(time).toISOString()]) {
      monitor.trackAPIRequest({ ...request, timestamp });
    }
    for (const record of await told(3)) {
      assert.deepEqual(record, {
        ...{ kind: 1, flags: 0, status: 404, a: 'GET\0/a', b: '7', c: 'no', duration: 12_500 },
        timeMs: new Date(time).getTime(),
      });
    }
  });

  test('tracks queries, with the first word for the operation', async () => {
    monitor.trackDatabaseQuery({ query: "SELECT * FROM t WHERE a = 'ann'", duration: 3 });
    monitor.trackDatabaseQuery({ query: '/* x */ -- y\n (Insert into t', duration: 3, error: 'no' });
    monitor.trackDatabaseQuery({ query: '', duration: 3, model: 'Contact', operation: 'findMany' });
    assert.deepEqual(
      (await told(3)).map(({ kind, flags, a, b, c, duration }) => [kind, flags, a, b, c, duration]),
      [
        [2, 0, '\0select', 'SELECT * FROM t WHERE a = ?', '', 3000],
        [2, 1, '\0insert', '(Insert into t', 'no', 3000],
        [2, 0, 'Contact\0findMany', '', '', 3000],
      ],
    );
  });

  test('tracks socket events and connections', async () => {
    monitor.trackSocketEvent({ event: 'chat', connections: 12, duration: 1 });
    monitor.trackSocketEvent({ event: 'chat', connections: 13 });
    assert.deepEqual(
      (await told(2)).map(({ kind, a, duration }) => [kind, a, duration]),
      [
        [3, 'chat\0', 1000],
        [3, 'chat\0', 0xffff_ffff],
      ],
    );
    await until(() => {
      const last = intake
        .frames()[0]!
        .filter((frame) => frame.kind === 'runtime')
        .at(-1)!;
      return last.kind === 'runtime' && last.fields[8] === 13;
    }, 'the connections were told');
  });

  test('tracks errors with their place, and users with their session', async () => {
    monitor.trackError(new TypeError('Mail to ann@example.com failed'), {
      route: '/a',
      method: 'POST',
      userId: 'u',
    });
    monitor.trackError('only a text');
    monitor.trackUser({ userId: 'ann', sessionId: 's' });
    monitor.trackUser(12);
    const records = await told(4);
    assert.deepEqual(
      records.map(({ kind, b, c }) => [kind, b, c]),
      [
        [5, 'Mail to [email] failed', 'POST\0/a'],
        [5, 'only a text', ''],
        [6, 's', ''],
        [6, '', ''],
      ],
    );
    assert.deepEqual([records[2]!.a, records[3]!.a], ['ann', '12']);
  });

  test('counts what has no endpoint, query, event or user as given up', async () => {
    const { lost } = accountOf(intake.frames());
    loose.trackAPIRequest!({ method: 'GET', statusCode: 200, responseTime: 1 });
    loose.trackAPIRequest!();
    loose.trackAPIRequest!(null);
    loose.trackDatabaseQuery!({ duration: 1 });
    loose.trackSocketEvent!({ connections: 1 });
    loose.trackUser!({});
    loose.trackUser!(null);
    loose.trackUser!(Number.NaN);
    monitor.trackUser('marks the end');
    await told(1);
    await until(() => accountOf(intake.frames()).lost === lost + 8, 'eight were counted as given up');
  });

  test('takes dates behind a proxy for now, and throws for no revoked proxy', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const { lost } = accountOf(intake.frames());
    const timestamp = new Proxy(new Date(0), {});
    monitor.trackAPIRequest({ endpoint: '/p', method: 'GET', statusCode: 200, responseTime: 1, timestamp });
    monitor.trackUser({ userId: 'p', timestamp });
    loose.trackAPIRequest!({ endpoint: '/p', method: 'GET', statusCode: 200, timestamp: proxy });
    loose.trackAPIRequest!(proxy);
    loose.trackDatabaseQuery!(proxy);
    loose.trackSocketEvent!(proxy);
    loose.trackUser!(proxy);
    loose.trackError!(proxy, proxy);
    monitor.trackUser('marks the end');
    const records = await told(5);
    for (const { timeMs } of records) assert.ok(timeMs >= began && timeMs <= Date.now());
    await until(() => accountOf(intake.frames()).lost === lost + 4, 'four were counted as given up');
  });

  test('takes what is usable of wrong input', async () => {
    loose.trackAPIRequest!({ endpoint: '/b', statusCode: '201', responseTime: '7', timestamp: 'yesterday' });
    loose.trackAPIRequest!({
      endpoint: '/b',
      method: 5,
      statusCode: Number.NaN,
      responseTime: -1,
      userId: {},
    });
    loose.trackAPIRequest!({
      endpoint: '/b',
      get userId() {
        throw new Error('getter');
      },
    });
    const records = await told(3);
    assert.deepEqual(
      records.map(({ a, b, status, duration }) => [a, b, status, duration]),
      [
        ['\0/b', '', 201, 7000],
        ['5\0/b', '', 0, 0xffff_ffff],
        ['\0/b', '', 0, 0xffff_ffff],
      ],
    );
    for (const { timeMs } of records) assert.ok(timeMs >= began && timeMs <= Date.now());
  });

  test('never throws', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('get');
        },
      },
    );
    const odd = [
      undefined,
      null,
      0,
      Number.NaN,
      '',
      'x'.repeat(1e6),
      [],
      {},
      hostile,
      Symbol('s'),
      () => {},
      10n,
    ];
    for (const name of [
      'trackAPIRequest',
      'trackDatabaseQuery',
      'trackSocketEvent',
      'trackError',
      'trackUser',
    ]) {
      for (const one of odd) {
        for (const other of odd) loose[name]!(one, other);
        const fields = { endpoint: one, method: one, query: one, event: one, userId: one, statusCode: one };
        loose[name]!({ ...fields, timestamp: one, duration: one, responseTime: one, error: one, model: one });
      }
    }
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  test('is one for all copies of the module', async () => {
    const path = '../../../agent/instrument/process-recorder.ts?copy';
    const copy = (await import(path)) as typeof import('../../../agent/instrument/process-recorder.ts');
    assert.notEqual(copy.processRecorder, processRecorder);
    assert.equal(copy.processRecorder(), processRecorder());
  });
});
