import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { io, type Socket } from 'socket.io-client';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import type { TallyReport } from '../../../scripts/demo-crm/tally.ts';
import { untilTrue } from '../../support/servers.ts';
import {
  byStatusClass,
  type Counts,
  errors,
  failedQueries,
  inApiList,
  inDatabaseList,
  inInflux,
  inStore,
  jobs,
  queries,
  requests,
  slowQueries,
  socketEvents,
  sums,
  total,
} from './found.ts';
import { crmCommand, type Stage, startStage } from './stage.ts';
import { assertSamePercentiles, type RouteRow, type WrkResult, wrk } from './wrk.ts';

const users = 12;
const faults = 120;
const addedJobs = 20;
const sockets = 5;
/** Sockets of `/presence` ride on the same connections. */
const openSockets = 2 * (sockets - 2);

/**
 * A counted burst against the demo CRM is found again in every place that the agent brings it to, to the last one. What
 * is counted is what the CRM counted itself, and what wrk was told to ask for.
 */
export function describeCountedCrm(name: string, registers: boolean): void {
  describe(name, () => {
    let stage: Stage;
    let asked: { contacts: WrkResult; missing: WrkResult };
    let truth: TallyReport;
    let staying: Socket[] = [];

    before(async () => {
      stage = await startStage((built, redis, folder) => crmCommand(built, redis, folder, registers));
      asked = {
        contacts: await wrk(`${stage.url}/api/contacts/7`, 2000, 8),
        missing: await wrk(`${stage.url}/wp-login.php?user=admin`, 100, 2),
      };
      await visit(stage.url);
      staying = await chat(stage.url);
      truth = await settledTally(stage.url);
    });

    after(async () => {
      for (const socket of staying) socket.disconnect();
      await stage?.end();
    });

    test('wrk asked for as many requests as the CRM answered', () => {
      assert.equal(asked.contacts.requests, 2000);
      assert.equal(asked.contacts.failed + asked.missing.failed, 0);
      assert.equal(truth.requests['GET /api/contacts/:id 200'], 2000);
      assert.equal(truth.requests['GET unmatched 404'], 100);
      assert.equal(truth.requests['GET /api/demo/faults/:kind/:id 500'], faults);
    });

    test('the snapshot tells requests, queries, socket events and connections of the last minute', async () => {
      await untilTrue(async () => {
        const { api, database, socket } = await stage.agent.get<Snapshot>('/api/monitoring/snapshot');
        const refused = Object.entries(truth.requests).filter(([name]) => / [45]\d\d$/.test(name));
        const rate = (total(Object.fromEntries(refused)) * 100) / total(truth.requests);
        assert.equal(api?.totalRequests, total(truth.requests));
        assert.ok(Math.abs(api.errorRate! - rate) < 0.01, `${api.errorRate} against ${rate}`);
        assert.equal(database?.totalQueries, total(truth.queries));
        assert.equal(database?.slowQueries, total(truth.slowQueries));
        assert.equal(socket?.totalEvents, total(truth.socketEvents));
        assert.equal(socket?.activeConnections, openSockets);
      });
    });

    const places = [
      ['the store', inStore],
      ['InfluxDB', inInflux],
    ] as const;
    for (const [place, inPlace] of places) {
      test(`${place} has each request, query, socket event and error`, async () => {
        await untilTrue(async () => {
          assert.deepEqual(await inPlace(stage, requests), byStatusClass(truth.requests));
          assert.deepEqual(await inPlace(stage, queries), named(truth.queries));
          assert.deepEqual(await inPlace(stage, failedQueries), named(truth.failedQueries));
          assert.deepEqual(await inPlace(stage, slowQueries), named(truth.slowQueries));
          assert.deepEqual(await inPlace(stage, socketEvents), { service: total(truth.socketEvents) });
          assert.deepEqual(await inPlace(stage, errors), sorted(truth.errors));
          // Without `register` nothing looks into the workers.
          assert.equal(total(await inPlace(stage, jobs)), registers ? total(truth.jobs) : 0);
        });
      });
    }

    test('the Redis lists have each request and query', async () => {
      await untilTrue(async () => {
        assert.deepEqual(await inApiList(stage), sorted(truth.requests));
        assert.deepEqual(await inDatabaseList(stage), named(truth.queries));
      });
    });

    test('each kind of fault is one group of errors, whatever ids its messages carry', async () => {
      const groups = await stage.agent.get<{ count: number; routes: { route: string }[]; message: string }[]>(
        '/api/monitoring/errors?limit=500',
      );
      const ofFaults = groups.filter(({ routes }) => routes[0]?.route === 'GET /api/demo/faults/:kind/:id');
      assert.deepEqual(
        ofFaults.map(({ count }) => count),
        Array.from({ length: 6 }, () => faults / 6),
        JSON.stringify(groups),
      );
      assert.ok(ofFaults.every(({ message }) => !message.includes('@example.com')));
      const failedJobs = truth.jobs['campaigns/export-segment failed'];
      const ofJobs = groups.filter(({ routes }) => routes[0]?.route === 'job campaigns/export-segment');
      assert.deepEqual(
        ofJobs.map(({ count }) => count),
        [failedJobs],
      );
    });

    test('each user is active, by a hash', async () => {
      await untilTrue(async () => {
        const [row] =
          await stage.agent.get<{ active5m: number; topUsers: { name: string }[] }[]>(
            '/api/monitoring/users',
          );
        assert.equal(row?.active5m, users);
        assert.ok(row.topUsers.every(({ name }) => /^[0-9a-f]{16}$/.test(name)));
      });
    });

    test('the newest requests are shown', async () => {
      const newest = await stage.agent.get<{ endpoint: string; statusCode: number }[]>(
        '/api/monitoring/api-metrics?limit=1000',
      );
      assert.equal(newest.length, 1000);
      assert.equal(newest[0]!.endpoint, '/api/demo/stats');
    });

    // Of a route that waits on a timer, with connections that leave the CRM idle in between: wrk's latency begins when it
    // sends, so that it would measure the CRM's queue too. 20 to 60 ms stays below twice the mean, from where on wrk adds
    // requests that it thinks it should have sent.
    test('percentiles agree with those of wrk within 5 %', () =>
      assertSamePercentiles({
        url: `${stage.url}/api/demo/wait?from=20&to=60`,
        endpoint: '/api/demo/wait',
        requests: 1200,
        connections: 12,
        rows: (window) => stage.agent.get<RouteRow[]>(`/api/monitoring/routes?window=${window}`),
      }));
  });
}

/** Requests of several users: read, change, fail, wait for jobs. */
async function visit(url: string): Promise<void> {
  for (let user = 1; user <= users; user++) {
    const send = async (method: string, path: string, body?: object) => {
      const answer = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer user-${user}.s1`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      await answer.arrayBuffer();
    };
    await send('GET', `/api/companies/${user}/contacts?page=1#top`);
    await send('GET', `/api/deals/${user}/notes`);
    await send('PATCH', `/api/contacts/${user}`, { phone: '1' });
    await send('POST', '/api/contacts', { name: 'N', email: `new${user}@example.com`, companyId: 1 });
    await send('POST', '/api/contacts', { name: 'N', email: 'contact1@example.com', companyId: 1 });
    await send('POST', '/api/contacts', { name: 'N' });
    if (user === 1) await send('POST', `/api/demo/error-burst?count=${faults}`);
    if (user === 2) await send('POST', `/api/demo/job-burst?count=${addedJobs}`);
    // The tenth is slow.
    await send('GET', '/api/reports/pipeline');
  }
}

/** Some sockets talk, and two of them leave; gives those that stay. */
async function chat(url: string): Promise<Socket[]> {
  const staying: Socket[] = [];
  for (let i = 1; i <= sockets; i++) {
    const options = { transports: ['websocket'], auth: { token: `user-${i}` }, reconnection: false };
    const socket = io(url, options);
    const presence = socket.io.socket('/presence', options);
    await socket.emitWithAck('join', 1);
    await presence.emitWithAck('here');
    for (let word = 0; word < 20; word++) {
      await socket.emitWithAck('chat', 1, 'hello');
      socket.emit('typing', 1);
    }
    await socket.emitWithAck('find', 'an');
    if (i <= 2) for (const one of [socket, presence]) one.disconnect();
    else staying.push(socket, presence);
  }
  return staying;
}

/** What the CRM counted once its jobs are done and the sockets that left are gone. */
async function settledTally(url: string): Promise<TallyReport> {
  let report: TallyReport | undefined;
  await untilTrue(async () => {
    report = (await (await fetch(`${url}/api/demo/stats`)).json()) as TallyReport;
    assert.equal(total(report.jobs), addedJobs + users);
    assert.equal(report.socketEvents.disconnect, 4);
  });
  // The request that asked is counted when it is over.
  const asked = 'GET /api/demo/stats 200';
  return { ...report!, requests: { ...report!.requests, [asked]: (report!.requests[asked] ?? 0) + 1 } };
}

/** `Model.operation` as `Model operation`. */
function named(counts: Counts): Counts {
  return sums(Object.entries(counts).map(([name, count]) => [name.replace('.', ' '), count]));
}

function sorted(counts: Counts): Counts {
  return sums(Object.entries(counts));
}
