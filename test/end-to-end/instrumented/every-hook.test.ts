import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { io as connect } from 'socket.io-client';
import { startRedis, type TestServer } from '../../support/servers.ts';
import { startApplication } from './application.ts';
import { type Intake, startIntake } from './intake.ts';
import { buildRegistered, type Registered } from './registered.ts';
import '../../support/watchdog.ts';

let registered: Registered;
let redis: TestServer;
let intake: Intake;
before(async () => {
  [registered, redis] = await Promise.all([buildRegistered(), startRedis()]);
});
after(() => Promise.all([registered.remove(), redis.remove()]));
beforeEach(async () => {
  intake = await startIntake();
});
afterEach(() => intake.close());

/** What one visit of the application must be counted as, however it is watched. */
async function visit(url: string): Promise<void> {
  for (const path of ['/things/1', '/things/2', '/broken/3', '/nothing']) await fetch(url + path);
  await fetch(`${url}/jobs/welcome`, { method: 'POST' });
  await fetch(`${url}/jobs/broken`, { method: 'POST' });
  const client = connect(url, { transports: ['websocket'], reconnection: false });
  const told = new Promise((resolve) => client.once('told', resolve));
  assert.equal(await client.emitWithAck('ask', 5), 5);
  client.emit('tell');
  await told;
  client.close();
}

const requests = [
  'GET /broken/:id 500',
  'GET /things/:id 200',
  'GET /things/:id 200',
  'GET unmatched 404',
  'POST /jobs/:name 202',
  'POST /jobs/:name 202',
];
const socketEvents = ['ask', 'connect', 'disconnect', 'emit:told', 'tell'];

const of = (kind: string): string[] =>
  intake.events
    .filter((event) => event.kind === kind)
    .map(({ what }) => what[0]!)
    .sort();

for (const [how, options, isLoaded] of [
  ['with register alone', true, false],
  ['with the library alone', false, true],
  ['with both', true, true],
] as const) {
  describe(`an application of all parts ${how}`, () => {
    test('is told of once, to the last event', async () => {
      const application = await startApplication('everything.mjs', options ? registered.options : [], {
        NOVA_AGENT_INTAKE_SOCKET: intake.socket,
        REDIS_PORT: `${redis.port}`,
        ...(isLoaded ? { INSTRUMENT: registered.instrument } : {}),
      });
      await visit(application.url);
      await intake.until(() => {
        assert.deepEqual(intake.requests(), requests);
        assert.deepEqual(of('socket'), socketEvents);
      });
      await application.end();
      const errors = intake.events.filter(({ kind }) => kind === 'error');
      const routes = errors.map(({ third }) => third.replace('\0', ' ')).sort();
      assert.deepEqual(routes, options ? ['GET /broken/:id', 'job mail/broken'] : ['GET /broken/:id']);
      const jobs = intake.events
        .filter(({ kind }) => kind === 'job')
        .map(({ what, failed }) => `${what[1]} ${failed}`);
      assert.deepEqual(jobs, options ? ['welcome false', 'broken true'] : []);
    });
  });
}

const watched = () =>
  startApplication('everything.mjs', registered.options, {
    NOVA_AGENT_INTAKE_SOCKET: intake.socket,
    REDIS_PORT: `${redis.port}`,
  });

describe('sockets under register', () => {
  test('that poll are requests of one route, without a time', async () => {
    const application = await watched();
    const client = connect(application.url, { transports: ['polling'], reconnection: false });
    assert.equal(await client.emitWithAck('ask', 5), 5);
    client.close();
    await intake.until(() => assert.ok(of('socket').includes('disconnect')));
    await application.end();
    const polls = intake.events.filter(({ kind }) => kind === 'http');
    assert.ok(polls.length >= 3);
    assert.deepEqual(
      [...new Set(polls.map(({ what, untimed }) => `${what[1]} ${untimed}`))],
      ['/socket.io/ true'],
    );
  });

  test('whose handler ends the service tell of the event that it was', async () => {
    const application = await watched();
    const client = connect(application.url, { transports: ['websocket'], reconnection: false });
    client.emit('crash');
    const { code, stderr } = await application.ended;
    client.close();
    assert.equal(code, 1);
    assert.match(stderr, /throw new Error\('in a handler'\);\n +\^/);
    assert.doesNotMatch(stderr, /instrument\/hooks/);
    await intake.until(() => assert.ok(of('error').includes('Error')));
    const [error] = intake.events.filter(({ kind }) => kind === 'error');
    assert.match(error!.third, /^socket\0crash$/i);
    const [event] = intake.events.filter(({ what }) => what[0] === 'crash');
    assert.deepEqual([event!.failed, event!.third], [true, 'in a handler']);
  });
});

describe('bare servers under register', () => {
  test('in a cluster and in threads tell of themselves', async () => {
    const application = await startApplication('threads.cjs', registered.options, {
      NOVA_AGENT_INTAKE_SOCKET: intake.socket,
    });
    const ports = application.listening as { own: number; worker: number; thread: number };
    for (const port of Object.values(ports)) await (await fetch(`http://127.0.0.1:${port}/secret`)).text();
    await intake.until(() => assert.deepEqual(intake.requests(), Array(3).fill('GET unmatched 200')));
    await application.end();
    const speakers = new Set(intake.events.map(({ pid, threadId }) => `${pid} ${threadId}`));
    assert.equal(speakers.size, 3);
  });

  test('loaded by --require are watched too', async () => {
    const options = ['--require', registered.options[1]!];
    const application = await startApplication('express4.cjs', options, {
      NOVA_AGENT_INTAKE_SOCKET: intake.socket,
      NODE_ENV: 'test',
    });
    await (await fetch(`${application.url}/orgs/acme/users/7`)).text();
    await intake.until(() => assert.deepEqual(intake.requests(), ['GET /orgs/:org/users/:id 200']));
    await application.end();
  });
});
