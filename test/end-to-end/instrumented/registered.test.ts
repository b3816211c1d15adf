import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startApplication } from './application.ts';
import { type Intake, startIntake } from './intake.ts';
import { rawRequest, requestText } from './raw-request.ts';
import { buildRegistered, type Registered } from './registered.ts';
import '../../support/watchdog.ts';

let registered: Registered;
let intake: Intake;
before(async () => {
  registered = await buildRegistered();
});
after(() => registered.remove());
beforeEach(async () => {
  intake = await startIntake();
});
afterEach(() => intake.close());

const start = (file: string) =>
  startApplication(file, registered.options, { NOVA_AGENT_INTAKE_SOCKET: intake.socket, NODE_ENV: 'test' });

describe('an untouched Express 4 application in CommonJS', () => {
  test('tells of every request with its route, status and user', async () => {
    const application = await start('express4.cjs');
    const as = (user: string) => ({ headers: { 'x-user': user } });
    for (const [path, init] of [
      ['/', as('u1')],
      ['/orgs/acme/users/7?token=secret', as('u2')],
      ['/orgs/other/users/8', {}],
      ['/orgs/acme/users', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
      ['/nothing', {}],
      ['/events', {}],
    ] as const)
      await (await fetch(application.url + path, init)).text();
    await intake.until(() => assert.equal(intake.requests().length, 6));
    await application.end();
    assert.deepEqual(intake.requests(), [
      'GET / 200',
      'GET /events 200',
      'GET /orgs/:org/users/:id 200',
      'GET /orgs/:org/users/:id 200',
      'GET unmatched 404',
      'POST /orgs/:org/users 201',
    ]);
    const users = intake.events.filter(({ kind }) => kind === 'http').map(({ second }) => second);
    assert.deepEqual(users.filter(Boolean).sort(), ['u1', 'u2']);
    const untimed = intake.events.filter(({ untimed }) => untimed).map(({ what }) => what[1]);
    assert.deepEqual(untimed, ['/events']);
    assert.ok(!JSON.stringify(intake.events).includes('secret'));
  });

  test('tells of errors once, whoever answers them', async () => {
    const application = await start('express4.cjs');
    for (const path of ['/thrown/12', '/passed', '/answered'])
      await (await fetch(application.url + path, { headers: { 'x-user': 'u1' } })).text();
    await intake.until(() => assert.equal(intake.events.length, 6));
    await application.end();
    assert.deepEqual(intake.requests(), ['GET /answered 503', 'GET /passed 500', 'GET /thrown/:id 500']);
    const errors = intake.events.filter(({ kind }) => kind === 'error');
    assert.deepEqual(
      errors.map(({ what, second, third, user }) => [what[0], second, third, user]),
      [
        ['TypeError', 'no such thing: 12', 'GET\0/thrown/:id', 'u1'],
        ['Error', 'passed on', 'GET\0/passed', 'u1'],
        ['Error', 'answered', 'GET\0/answered', 'u1'],
      ],
    );
  });

  test('a request that the client gives up is counted as 499, without a time', async () => {
    const application = await start('express4.cjs');
    const controller = new AbortController();
    const request = fetch(`${application.url}/slow`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(request);
    await intake.until(() => assert.deepEqual(intake.requests(), ['GET /slow 499']));
    await application.end();
    assert.deepEqual([intake.events[0]!.untimed, intake.events[0]!.durationUs], [true, null]);
  });

  test('what an error ends is told before the end', async () => {
    const application = await start('express4.cjs');
    await rawRequest(application.url, requestText('GET', '/crash'));
    assert.equal((await application.ended).code, 1);
    await intake.until(() => assert.ok(intake.events.some(({ what }) => what[0] === 'RangeError')));
  });
});

describe('an untouched Fastify application in ESM', () => {
  test('tells of every request with its route, status and user', async () => {
    const application = await start('fastify.mjs');
    const as = (user: string) => ({ headers: { 'x-user': user } });
    for (const [path, init] of [
      ['/', as('u1')],
      ['/orgs/acme/users/7?token=secret', as('u2')],
      ['/orgs/acme/users', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
      ['/nothing', {}],
    ] as const)
      await (await fetch(application.url + path, init)).text();
    await intake.until(() => assert.equal(intake.requests().length, 4));
    await application.end();
    assert.deepEqual(intake.requests(), [
      'GET / 200',
      'GET /orgs/:org/users/:id 200',
      'GET unmatched 404',
      'POST /orgs/:org/users 201',
    ]);
    const users = intake.events.filter(({ kind }) => kind === 'http').map(({ second }) => second);
    assert.deepEqual(users.filter(Boolean).sort(), ['u1', 'u2']);
  });

  test('tells of errors once, and of requests that the client gives up', async () => {
    const application = await start('fastify.mjs');
    for (const path of ['/thrown/12', '/answered']) await (await fetch(application.url + path)).text();
    const controller = new AbortController();
    const request = fetch(`${application.url}/slow`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(request);
    await intake.until(() => assert.equal(intake.requests().length, 3));
    await application.end();
    assert.deepEqual(intake.requests(), ['GET /answered 503', 'GET /slow 499', 'GET /thrown/:id 500']);
    const errors = intake.events.filter(({ kind }) => kind === 'error');
    assert.deepEqual(
      errors.map(({ second, third }) => [second, third]),
      [
        ['no such thing: 12', 'GET\0/thrown/:id'],
        ['answered', 'GET\0/answered'],
      ],
    );
  });
});
