import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { slowness, type TestAgent } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import { untilTicks } from './evidence.ts';
import { bearer, type Client, getOf, medianOf, openClient, told, whileWatched } from './http-stage.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, newAgent } from './stage.ts';
import '../support/watchdog.ts';

let agent: TestAgent;

before(async () => {
  agent = await newAgent(configFor());
  await untilTicks(agent, 4);
});

function openMany(count: number, first = '', isReading = true): Client[] {
  return Array.from({ length: count }, () => openClient(agent, first, isReading));
}

const post = (path: string, headers: string) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Length: 10000\r\n\r\n`;

test('who asks nothing, or sends headers or a body byte by byte, is closed within ten seconds, and /health answers meanwhile', async (t) => {
  const count = scale(40, 200);
  const slow = [
    ...openMany(count, 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: '),
    ...openMany(count, post('/api/session', 'Content-Type: application/json\r\n')),
    ...openMany(count, post('/write', bearer)),
    // Without a token: refused before its body.
    ...openMany(10, post('/write', '')),
  ];
  const dripping = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write(' ');
  }, 500);
  atEnd(() => clearInterval(dripping));
  const all = [...slow, ...openMany(scale(300, 1000))];
  const watched = await whileWatched(agent, () =>
    untilTrue(() => assert.ok(all.every(({ socket }) => socket.closed)), 60_000),
  );
  clearInterval(dripping);
  const latestMs = Math.max(...all.map((client) => client.closedAfterMs()));
  t.diagnostic(`the last of ${all.length} was closed after ${Math.round(latestMs)} ms; ${told(watched)}`);
  const slower = await slowness();
  assert.ok(latestMs <= 10_000 * slower, `${latestMs} ms`);
  assert.ok(medianOf(watched.healthMs) <= 100 * slower, told(watched));
  assert.ok(
    slow.slice(0, count).every((client) => client.text().startsWith('HTTP/1.1 408 ')),
    slow[0]!.text(),
  );
});

/** Connections that the agent has open. */
function socketsOf({ process: { pid } }: TestAgent): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((link) => link.startsWith('socket:')).length;
}

/** A range of many points that needs no stored one. */
function largeRange(series: number): string {
  const endSeconds = Math.floor(Date.now() / 1000);
  const parts = Array.from({ length: series }, (_, i) => `label_replace(vector(${i}),"a","${i}","","")`);
  const range = { start: `${endSeconds - 10_000}`, end: `${endSeconds}`, step: '1' };
  return `/api/v1/query_range?${new URLSearchParams({ query: parts.join(' or '), ...range })}`;
}

test('who reads nothing of what was asked for is ended, and memory stays bounded', async (t) => {
  const before = socketsOf(agent);
  const deaf = [
    // Of 4.3 MB each: what waits for them is more than may wait for all.
    ...openMany(scale(16, 100), getOf(largeRange(20), bearer), false),
    ...openMany(scale(20, 100), getOf('/metrics', bearer).repeat(8), false),
  ];
  const watched = await whileWatched(agent, async () => {
    await sleep(1000);
    await untilTrue(() => assert.ok(socketsOf(agent) <= before + 2, `${socketsOf(agent)} open`), 90_000);
  });
  for (const { socket } of deaf) socket.destroy();
  t.diagnostic(told(watched));
  const { before: rssBefore, most } = watched.rssMb;
  assert.ok(most - rssBefore <= 200, told(watched));
  await untilTicks(agent, 2);
});

test('requests sent on and on without waiting for answers end the connection that sends them', async () => {
  const pushing = openMany(scale(3, 10), getOf('/api/monitoring/snapshot', bearer).repeat(2000));
  await untilTrue(() => assert.ok(pushing.every(({ socket }) => socket.closed)));
  await untilTicks(agent, 2);
});
