import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { eventLimits } from '../../workers/contract/window-cells.ts';
import type { TestServer } from '../support/servers.ts';
import { untilTrue } from '../support/servers.ts';
import { untilTicks } from './evidence.ts';
import { influxPoints } from './influx-points.ts';
import {
  type AgentRun,
  countedBy,
  endRun,
  type InsideStage,
  newInsideStage,
  type Service,
  startRun,
  startService,
} from './inside-stage.ts';
import { asCleaned, cutBytes, oddTexts } from './inside-texts.ts';
import { readStore } from './ledger.ts';
import { scale } from './scale.ts';
import { destination, newInflux } from './stage.ts';
import '../support/watchdog.ts';

/** Any string as a route, message, user, event, model or queue: it comes back equal, or as the rules of cleaning say. */
const texts = oddTexts(scale(80, 450));
/** How many users a list has at most. */
const mostUsers = 20;

const { aBytes, bBytes } = eventLimits;
const nameOf = (text: string, bytes: number) => cutBytes(asCleaned(text, 256), bytes);
/** As it is shown where ids are not hashed. */
const userOf = (text: string) => nameOf(text, 128);
const routeOf = (text: string) => cutBytes(asCleaned(text, 512), bBytes);
/** Messages also lose marks that are not seen, and blanks at both ends. */
const messageOf = (text: string) => asCleaned(asCleaned(text.replace(/\p{Cf}/gu, ''), 2048).trim(), 200);
/** What workers/point/line-protocol.ts says of a text that is cleaned. */
const tagOf = (text: string) => text.replace(/\\+$/, (slashes) => '⧵'.repeat(slashes.length));

let stage: InsideStage;
let service: Service;
let run: AgentRun;
let influx: TestServer;

before(async () => {
  [stage, influx] = await Promise.all([newInsideStage(), newInflux()]);
  service = await startService(stage);
  run = await startRun(
    stage,
    { service },
    // At 250 ms the ring has no room for this many series.
    {
      agent: { interval: '1s', budget: { cpuPercent: 100 } },
      intake: { socket: stage.socket, hashUsers: false },
      influx: [destination(influx.url)],
    },
    { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'inside-prototype-watch.mjs')}` },
  );
  const calls = texts.flatMap((text, i) => [
    {
      name: 'trackAPIRequest',
      given: {
        ...{ endpoint: text, method: 'GET', statusCode: 500, responseTime: 1, userId: text, error: text },
      },
    },
    { name: 'trackSocketEvent', given: { event: text, connections: 1 } },
    { name: 'trackDatabaseQuery', given: { query: 'select 1', model: text, operation: text, duration: 1 } },
    { name: 'trackError', given: { type: `E${i}`, message: text, place: { route: text, userId: text } } },
    { name: 'trackUser', given: { userId: text, sessionId: text } },
    { name: 'job', given: { queue: text, job: text } },
  ]);
  const polluting = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": 1}}}',
  );
  for (const name of ['trackAPIRequest', 'trackDatabaseQuery', 'trackSocketEvent', 'trackUser'])
    calls.push({ name, given: polluting });
  await service.ask('call', { calls });
  const made = await service.tracked();
  await untilTrue(() => {
    const { received, lost } = countedBy([run]);
    assert.equal(received + lost, made, run.agent.log());
    // What has no endpoint, query, event or user is given up.
    assert.equal(lost, 4);
  });
  // What is counted may wait for its name, until the next tick.
  await untilTicks(run.agent, 2);
});

/** Rows of a list of the monitoring API. */
function rows(path: string): Promise<Record<string, string>[]> {
  return run.agent.get(`/api/monitoring/${path}`);
}

function sameTexts(found: Iterable<string | undefined>, expected: Iterable<string>): void {
  const there = new Set(found);
  const wanted = new Set(expected);
  const missing = [...wanted].filter((text) => !there.has(text));
  const invented = [...there].filter((text) => text === undefined || !wanted.has(text));
  assert.deepEqual({ missing, invented }, { missing: [], invented: [] });
}

const column = (from: Record<string, string>[], name: string) => from.map((row) => row[name]);

describe('strings of any kind', () => {
  test('come back as routes, with users and errors of requests', async () => {
    sameTexts(column(await rows('routes?window=5m&limit=5000'), 'endpoint'), texts.map(routeOf));
    const newest = await rows('api-metrics?limit=1000');
    assert.equal(newest.length, texts.length);
    sameTexts(column(newest, 'endpoint'), texts.map(routeOf));
    sameTexts(column(newest, 'userId'), texts.map(userOf));
    const told = texts.map(messageOf).filter((text) => text !== '');
    sameTexts(
      column(newest, 'error').filter((text) => text !== undefined),
      told,
    );
  });

  test('come back as events, models, operations, queues and jobs', async () => {
    const firsts = texts.map((text) => nameOf(text, aBytes));
    const seconds = texts.map((text) => nameOf(text, bBytes));
    sameTexts(column(await rows('sockets?window=5m&limit=5000'), 'event'), firsts);
    const queries = await rows('queries?window=5m&limit=5000');
    sameTexts(column(queries, 'model'), firsts);
    sameTexts(column(queries, 'operation'), seconds);
    const jobs = await rows('jobs?window=5m&limit=5000');
    sameTexts(column(jobs, 'queue'), firsts);
    sameTexts(column(jobs, 'job'), seconds);
  });

  test('come back as messages of errors, with route and user', async () => {
    let groups = new Map<string | undefined, Record<string, string>>();
    await untilTrue(async () => {
      groups = new Map((await rows('errors?limit=500')).map((group) => [group.type, group]));
      assert.equal(groups.size, texts.length);
    });
    for (const [i, text] of texts.entries()) {
      const { message, route, user } = groups.get(`E${i}`)!;
      assert.equal(message, messageOf(text));
      assert.equal(route?.trim(), asCleaned(text, 512).trim());
      assert.equal(user, userOf(text));
    }
  });

  test('come back as users', async () => {
    await untilTrue(async () => {
      const [row] = await run.agent.get<{ topUsers: { name: string }[] }[]>(
        '/api/monitoring/users?limit=100',
      );
      const there = row?.topUsers.map(({ name }) => name) ?? [];
      const names = new Set(texts.map(userOf));
      assert.equal(there.length, Math.min(names.size, mostUsers));
      for (const name of there) assert.ok(names.has(name), JSON.stringify(name));
    });
  });

  test('are one line a point for InfluxDB, and nothing is on any prototype', async () => {
    const { polluted, keys } = await service.ask<{ polluted: unknown; keys: string[] }>('prototype');
    assert.deepEqual({ polluted, keys }, { polluted: undefined, keys: [] });
    await endRun(run);
    const { ledger, quarantine } = readStore(run.agent.dataDir);
    assert.deepEqual(quarantine, []);
    assert.equal(ledger[0]?.waiting, 0);
    const points = await influxPoints(influx.url);
    assert.equal(points.length, ledger[0]?.delivered);
    const tagsOf = (measurement: string, tag: string) =>
      points.filter((point) => point.measurement === measurement).map(({ tags }) => tags[tag]);
    sameTexts(
      tagsOf('http', 'route'),
      texts.map((text) => tagOf(routeOf(text))),
    );
    for (const [measurement, first, second] of [
      ['db', 'model', 'operation'],
      ['job', 'queue', 'job'],
    ] as const) {
      sameTexts(
        tagsOf(measurement, first),
        texts.map((text) => tagOf(nameOf(text, aBytes))),
      );
      sameTexts(
        tagsOf(measurement, second),
        texts.map((text) => tagOf(nameOf(text, bBytes))),
      );
    }
    const log = run.agent.log();
    const threads = new Set(log.match(/prototype watched in thread \d+/g));
    assert.ok(threads.size >= 3, [...threads].join());
    assert.doesNotMatch(log, /prototype polluted/);
  });
});
