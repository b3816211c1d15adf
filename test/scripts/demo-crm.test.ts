import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Queue } from 'bullmq';
import { io } from 'socket.io-client';
import { demoQueues } from '../../scripts/demo-crm/queues.ts';
import { seededRandom } from '../../scripts/demo-crm/random.ts';
import { untilTrue } from '../support/servers.ts';
import { RunningCrm } from './running-crm.ts';
import '../support/watchdog.ts';

describe('the jobs of the demo CRM', () => {
  let crm: RunningCrm;
  before(async () => {
    crm = await RunningCrm.start(['--rate', '2']);
  });
  after(() => crm?.remove());

  test('pile up where a queue has no workers', async () => {
    const webhooks = new Queue('webhooks', { connection: { url: crm.redis.url } });
    try {
      await untilTrue(async () => assert.ok((await webhooks.getWaitingCount()) > 5));
      assert.equal((await webhooks.getWorkers()).length, 0);
    } finally {
      await webhooks.close();
    }
  });

  test('are finished in its queues', async () => {
    await untilTrue(async () => {
      const { json } = await crm.ask('GET', '/healthz');
      const { completed } = json as { completed: Record<string, number> };
      assert.ok(
        completed.emails! > 0 && completed.invoices! > 0 && completed.reports! > 0,
        JSON.stringify(completed),
      );
    });
  });

  test('are none of them half done when it ends on SIGTERM', async () => {
    assert.equal(await crm.end(), 0, crm.errors);
    assert.equal(crm.errors, '');
    const connection = { url: crm.redis.url };
    for (const { name } of demoQueues) {
      const queue = new Queue(name, { connection });
      assert.equal(await queue.getActiveCount(), 0, name);
      await queue.close();
    }
  });
});

describe('the API of the demo CRM', () => {
  let crm: RunningCrm;
  before(async () => {
    crm = await RunningCrm.start(['--rate', '0']);
  });
  after(() => crm?.remove());

  test('makes, changes and finds contacts', async () => {
    const body = { name: 'Zoe Quill', email: 'zoe@example.com', companyId: 3 };
    const made = await crm.ask('POST', '/api/contacts', { user: 1, body });
    const { id } = made.json as { id: number };
    assert.equal(made.status, 201);
    assert.equal(
      (await crm.ask('PATCH', `/api/contacts/${id}`, { user: 1, body: { phone: '7' } })).status,
      200,
    );
    assert.deepEqual((await crm.ask('GET', `/api/contacts/${id}`)).json, { id, ...body, phone: '7' });
    const found = await crm.ask('GET', '/api/search?q=Quill');
    assert.equal((found.json as { contacts: unknown[] }).contacts.length, 1);
    const ofCompany = await crm.ask('GET', '/api/companies/3/contacts');
    assert.ok((ofCompany.json as { id: number }[]).some((contact) => contact.id === id));
  });

  const refused: [status: number, method: string, path: string, user: number | undefined, body?: object][] = [
    [401, 'POST', '/api/contacts', undefined, { name: 'A', email: 'a@b.c', companyId: 1 }],
    [401, 'POST', '/api/login', undefined, { email: 'nobody@nova.example' }],
    [404, 'GET', '/api/contacts/99999', undefined],
    [404, 'GET', '/no/such/page', undefined],
    [404, 'POST', '/api/deals/99999/notes', 1, { text: 'A' }],
    [409, 'POST', '/api/contacts', 1, { name: 'A', email: 'contact1@example.com', companyId: 1 }],
    [422, 'POST', '/api/contacts', 1, { name: 'A' }],
  ];
  for (const [status, method, path, user, body] of refused) {
    test(`answers ${status} to ${method} ${path}`, async () => {
      const options = { ...(user && { user }), ...(body && { body }) };
      assert.equal((await crm.ask(method, path, options)).status, status);
    });
  }

  test('counts each fault of a burst by its class', async () => {
    const before = await crm.tally();
    const { json } = await crm.ask('POST', '/api/demo/error-burst?count=30', { user: 2 });
    const kinds = Object.values((json as { raised: Record<string, number> }).raised);
    assert.deepEqual(kinds, [5, 5, 5, 5, 5, 5]);
    const { errors, requests, failedQueries } = await crm.tally();
    const more = (name: string) => (errors[name] ?? 0) - (before.errors[name] ?? 0);
    for (const name of ['TypeError', 'RangeError', 'SyntaxError', 'PaymentRefused', 'Error'])
      assert.equal(more(name), 5, name);
    assert.equal(more('PrismaClientKnownRequestError'), 5);
    assert.equal(requests['GET /api/demo/faults/:kind/:id 500'], 30);
    assert.ok(failedQueries['Contact.create']! >= 5);
  });

  test('has a report that is slow every tenth time', async () => {
    for (let i = 0; i < 10; i++) await crm.ask('GET', '/api/reports/pipeline');
    const { queries, slowQueries } = await crm.tally();
    assert.ok(slowQueries.$queryRaw! >= 1);
    assert.ok(queries['Company.findUnique']! > 100);
  });

  test('tells a change to sockets and event streams, and counts both', async () => {
    const socket = io(crm.url, { transports: ['websocket'], auth: { token: 'user-3' } });
    const stream = await fetch(`${crm.url}/api/stream`);
    const lines = stream.body!.getReader();
    try {
      await socket.emitWithAck('join', 5);
      const heard = once(socket as never, 'contact:changed');
      await crm.ask('PATCH', '/api/contacts/9', { user: 3, body: { phone: '1' } });
      assert.deepEqual(await heard, [{ id: 9 }]);
      let streamed = '';
      while (!streamed.includes('"id":9')) streamed += new TextDecoder().decode((await lines.read()).value);
      const { socketEvents } = await crm.tally();
      assert.equal(socketEvents.join, 1);
      assert.equal(socketEvents.connect, 1);
    } finally {
      socket.disconnect();
      await lines.cancel();
    }
    await untilTrue(async () => {
      const { socketEvents, requests } = await crm.tally();
      assert.equal(socketEvents.disconnect, 1);
      assert.equal(requests['GET /api/stream 200'], 1);
    });
  });

  test('has visitors that browse, chat and go', async () => {
    const { socketEvents: before } = await crm.tally();
    const args = ['--import', 'tsx', 'scripts/demo-crm/visitors.ts', '--url', crm.url, '--rate', '200'];
    const visitors = spawn(process.execPath, args, { stdio: 'inherit' });
    try {
      await untilTrue(async () => {
        const { requests, socketEvents } = await crm.tally();
        assert.ok(requests['GET /api/contacts 200']! > 100);
        assert.ok(requests['GET /api/companies/:companyId/contacts 200']! > 10);
        assert.ok(socketEvents.chat! > 10 && socketEvents.disconnect! > (before.disconnect ?? 0));
      });
    } finally {
      visitors.kill();
      await once(visitors, 'exit');
    }
  });
});

test('the same seed makes the same jobs', () => {
  const jobs = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 50 }, () => demoQueues.map((plan) => plan.job(random)));
  };
  assert.deepEqual(jobs(7), jobs(7));
  assert.notDeepEqual(jobs(7), jobs(8));
});
