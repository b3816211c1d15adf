import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accepts,
  type Behaviour,
  type FakeInflux,
  type Reply,
  type SeenRequest,
} from '../agent/sinks/fakes/fake-influx.ts';
import { untilTrue } from '../support/servers.ts';
import { bulkKeys } from './bulk.ts';
import { entryOf, readStore } from './ledger.ts';
import { isFull } from './scale.ts';
import * as stage from './stage.ts';
import '../support/watchdog.ts';

/** How one InfluxDB of the table misbehaves in front of the real agent. */
interface Case {
  readonly behave: () => Behaviour;
  /** Points that it refuses for good. */
  readonly refuses?: number;
  /** Shortest time between its first two requests, in milliseconds, that it asks for. */
  readonly asksMs?: number;
  /** The version that it is; 1 unless told. */
  readonly version?: 1 | 3;
}

const items = 200;
const isBad = (line: string) => line.includes(',item=7 ');

/** Answers so the first times, then takes everything. */
function first(times: number, reply: () => Reply | 'hang' | 'drop'): () => Behaviour {
  return () => {
    let left = times;
    return () => (left-- > 0 ? reply() : { status: 204 });
  };
}

function refusing(status: number, error: string): () => Behaviour {
  return () => (request) => (request.lines.some(isBad) ? { status, body: { error } } : { status: 204 });
}

/** As 3.x answers when it wrote the others. */
function partial(status: number): () => Behaviour {
  return () => (request) => {
    const at = request.lines.findIndex(isBad);
    if (at < 0) return { status: 204 };
    const data = [{ error_message: 'invalid column type', line_number: at + 1, original_line: 'bulk' }];
    return { status, body: { error: 'partial write of line protocol occurred', data } };
  };
}

const passing: Readonly<Record<string, Case>> = {
  'a closed connection': { behave: first(2, () => 'drop') },
  'no answer at all': { behave: first(1, () => 'hang') },
  '500': { behave: first(2, () => ({ status: 500, body: { error: 'engine is closed' } })) },
  '502 with a page': {
    behave: first(1, () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' })),
  },
  '503': { behave: first(1, () => ({ status: 503 })) },
  '503 with Retry-After in seconds': {
    behave: first(1, () => ({ status: 503, headers: { 'retry-after': '3' } })),
    asksMs: 3000,
  },
  '429 with Retry-After in seconds': {
    behave: first(1, () => ({ status: 429, headers: { 'retry-after': '3' } })),
    asksMs: 3000,
  },
  '429 with Retry-After as a date': {
    behave: first(1, () => ({
      status: 429,
      headers: { 'retry-after': new Date(Date.now() + 4000).toUTCString() },
    })),
    // Dates have whole seconds.
    asksMs: 3000,
  },
  '413': { behave: () => (request) => ({ status: request.lines.length > 30 ? 413 : 204 }) },
  '400 for one line': { behave: refusing(400, 'unable to parse'), refuses: 1 },
  '422 for one line': { behave: refusing(422, 'invalid field'), refuses: 1 },
  '500 for a field type conflict': { behave: refusing(500, 'field type conflict: input field'), refuses: 1 },
  'a partial 201': { behave: partial(201), refuses: 1, version: 3 },
  'a partial 400': { behave: partial(400), refuses: 1, version: 3 },
};

/** Answers that a person has to act on, and what the agent then tells. */
const holding: Readonly<Record<string, { readonly reply: Reply; readonly tells: RegExp }>> = {
  '401': {
    reply: { status: 401, body: { error: 'authorization failed' } },
    tells: /401 unauthorized: check/,
  },
  '403': { reply: { status: 403, body: { error: 'forbidden' } }, tells: /403 forbidden: .* may not write/ },
  '404': {
    reply: { status: 404, body: { error: 'database not found: "test"' } },
    tells: /create it with CREATE DATABASE/,
  },
  '307': {
    reply: { status: 307, headers: { location: 'http://127.0.0.1:9/write' } },
    tells: /redirect: set url to http:\/\/127\.0\.0\.1:9/,
  },
  'a web page': {
    reply: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
    tells: /web page: check url/,
  },
};

const nameOf = (title: string) => title.replaceAll(' ', '-');

/** What a fake took: lines answered with 204, and the good lines of a partial success; with the times of requests. */
interface Taken {
  readonly fake: FakeInflux;
  readonly lines: Map<string, number>;
  readonly requestsMs: number[];
}

function watch(fake: FakeInflux, behaviour: Behaviour): Taken {
  const lines = new Map<string, number>();
  const requestsMs: number[] = [];
  fake.behave((request: SeenRequest) => {
    requestsMs.push(performance.now());
    const reply = behaviour(request);
    const isPartial = typeof reply === 'object' && typeof reply.body === 'object' && 'data' in reply.body;
    if (typeof reply === 'object' && (reply.status === 204 || isPartial)) {
      const good = isPartial ? request.lines.filter((line) => !isBad(line)) : request.lines;
      for (const line of good) lines.set(line, (lines.get(line) ?? 0) + 1);
    }
    return reply;
  });
  return { fake, lines, requestsMs };
}

function assertOnceAndInOrder(lines: ReadonlyMap<string, number>, title: string): void {
  const lastMs = new Map<string, number>();
  for (const [line, times] of lines) {
    assert.equal(times, 1, `${title}: taken ${times} times: ${line}`);
    const series = /^(\\.|[^ \\])*/.exec(line)![0];
    const timeMs = Number(line.slice(line.lastIndexOf(' ') + 1));
    assert.ok(timeMs > (lastMs.get(series) ?? 0), `${title}: out of order: ${line}`);
    lastMs.set(series, timeMs);
  }
}

test('whatever InfluxDB answers for a while, every point arrives once and in order, and what it refuses is kept', async (context) => {
  const titles = Object.keys(passing);
  const folder = await stage.newFolder();
  stage.fillStore(folder, bulkKeys(items), 1, titles.map(nameOf));
  const taken = new Map<string, Taken>();
  const destinations: Record<string, unknown>[] = [];
  for (const [title, { behave, version = 1 }] of Object.entries(passing)) {
    const fake = await stage.newFake();
    taken.set(title, watch(fake, behave()));
    destinations.push({ ...stage.destination(fake.url, nameOf(title)), version });
  }
  const agent = await stage.newAgent(stage.configFor(...destinations), folder);
  for (const title of titles) await stage.untilDelivered(agent, 90_000, nameOf(title));
  await agent.stop();
  const { ledger, points, quarantine } = readStore(agent.dataDir, titles.map(nameOf));
  for (const [title, { refuses = 0, asksMs }] of Object.entries(passing)) {
    const entry = ledger.find(({ sink }) => sink === nameOf(title))!;
    const { lines, requestsMs } = taken.get(title)!;
    assertOnceAndInOrder(lines, title);
    assert.deepEqual(
      {
        delivered: entry.delivered,
        waiting: entry.waiting,
        quarantined: entry.quarantined,
        dropped: entry.dropped,
      },
      { delivered: points.size - refuses, waiting: 0, quarantined: refuses, dropped: {} },
      title,
    );
    assert.equal(lines.size, entry.delivered, title);
    const kept = quarantine.filter(({ sink }) => sink === nameOf(title));
    assert.equal(kept.length, refuses, title);
    for (const { line, reason } of kept) {
      assert.ok(isBad(line), line);
      assert.match(reason, /unable to parse|invalid|conflict/, title);
    }
    if (asksMs !== undefined) {
      const waitedMs = requestsMs[1]! - requestsMs[0]!;
      assert.ok(waitedMs >= asksMs - 100, `${title}: asked again after ${Math.round(waitedMs)} ms`);
    }
  }
  context.diagnostic(`${titles.length} kinds of answers, ${points.size} points each`);
});

test('answers that a person has to act on are told, nothing is lost meanwhile, and all arrives afterwards', async (context) => {
  const titles = Object.keys(holding);
  const sinks = titles.map(nameOf);
  const folder = await stage.newFolder();
  stage.fillStore(folder, bulkKeys(items), 1, sinks);
  const fakes = new Map<string, Taken>();
  const destinations: Record<string, unknown>[] = [];
  for (const [title, { reply }] of Object.entries(holding)) {
    const fake = await stage.newFake();
    fakes.set(
      title,
      watch(fake, () => reply),
    );
    destinations.push(stage.destination(fake.url, nameOf(title)));
  }
  const config = stage.configFor(...destinations);
  let agent = await stage.newAgent(config, folder);
  for (const [title, { tells }] of Object.entries(holding)) {
    await untilTrue(async () => {
      const report = await agent.ready();
      assert.match(stage.partOf(report, `sink/${nameOf(title)}`).problem, tells);
      const { waiting, collected } = entryOf(report, nameOf(title));
      assert.ok(waiting > items && waiting === collected, `${waiting} of ${collected} wait`);
    });
  }
  const mended = new Map<string, Taken>();
  const mend = () => {
    for (const [title, { fake, requestsMs }] of fakes) {
      assert.ok(requestsMs.length <= 2, `${title}: ${requestsMs.length} requests while a person has to act`);
      mended.set(title, watch(fake, accepts));
    }
  };
  if (isFull) {
    // It asks again by itself, every 30 to 60 s.
    mend();
  } else {
    await agent.stop();
    mend();
    agent = await stage.newAgent(config, folder);
  }
  for (const sink of sinks) await stage.untilDelivered(agent, 90_000, sink);
  await agent.stop();
  const { ledger, points } = readStore(agent.dataDir, sinks);
  for (const [title, { lines }] of mended) {
    assertOnceAndInOrder(lines, title);
    const entry = ledger.find(({ sink }) => sink === nameOf(title))!;
    assert.deepEqual([entry.delivered, entry.waiting], [points.size, 0], title);
    assert.equal(lines.size, points.size, title);
  }
  context.diagnostic(`${titles.length} kinds of answers, ${points.size} points each`);
});
