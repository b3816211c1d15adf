import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import { untilTrue } from '../../support/servers.ts';
import { describeCountedCrm } from './counted-crm.ts';
import {
  byStatusClass,
  type Counts,
  errors,
  inApiList,
  inInflux,
  inStore,
  requests,
  sums,
  total,
} from './found.ts';
import { express4Command, type Stage, startStage } from './stage.ts';
import { assertSamePercentiles, type RouteRow, wrk } from './wrk.ts';
import '../../support/watchdog.ts';

describeCountedCrm('the demo CRM that loads nothing, with nova-agent/register', true);

describe('an Express 4 application that knows of nothing, with nova-agent/register', () => {
  let stage: Stage;
  const truth: Counts = sums([
    ['GET / 200', 2000],
    ['GET /shops/:shop/orders/:order 200', 500],
    ['GET /shops/:shop/orders 200', 3],
    ['GET unmatched 404', 100],
    ['POST /shops/:shop/orders/:order/refund 500', 40],
  ]);

  before(async () => {
    stage = await startStage((built, _, folder) => express4Command(built, folder));
    const { url } = stage;
    await wrk(`${url}/`, 2000, 8);
    await wrk(`${url}/shops/17/orders/4711?token=secret`, 500, 4);
    await wrk(`${url}/nowhere/17`, 100, 2);
    for (let i = 0; i < 3; i++) await (await fetch(`${url}/shops/${i}/orders`)).arrayBuffer();
    for (let i = 0; i < 40; i++)
      await (await fetch(`${url}/shops/${i}/orders/${i}/refund`, { method: 'POST' })).arrayBuffer();
  });

  after(() => stage?.end());

  test('the snapshot has each request of the last minute', async () => {
    await untilTrue(async () => {
      const { api } = await stage.agent.get<Snapshot>('/api/monitoring/snapshot');
      assert.equal(api?.totalRequests, total(truth));
    });
  });

  test('store, InfluxDB and Redis list have each request by its route', async () => {
    await untilTrue(async () => {
      assert.deepEqual(await inStore(stage, requests), byStatusClass(truth));
      assert.deepEqual(await inInflux(stage, requests), byStatusClass(truth));
      assert.deepEqual(await inApiList(stage), truth);
    });
  });

  test('each error that was thrown is counted', async () => {
    await untilTrue(async () => {
      assert.deepEqual(await inStore(stage, errors), { TypeError: 40 });
      assert.deepEqual(await inInflux(stage, errors), { TypeError: 40 });
    });
  });

  test('percentiles agree with those of wrk within 5 %', () =>
    assertSamePercentiles({
      url: `${stage.url}/slow`,
      endpoint: '/slow',
      requests: 1200,
      connections: 12,
      rows: (window) => stage.agent.get<RouteRow[]>(`/api/monitoring/routes?window=${window}`),
    }));
});
