import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawRequest, requestText } from '../end-to-end/instrumented/raw-request.ts';
import { untilTrue } from '../support/servers.ts';
import { startLoad } from './inside-load.ts';
import {
  countedBy,
  type InsideStage,
  newInsideStage,
  type Service,
  startRun,
  startService,
  storedRequests,
  untilAllTold,
} from './inside-stage.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

/** A service whose agent is away for long. */
const rounds = scale(3, 60);
const eventsARound = scale(150_000, 5_000_000);
const mostGrowthBytes = 1_500_000;

let stage: InsideStage;

before(async () => {
  stage = await newInsideStage();
});

const requests = [
  requestText('GET', '/twice/21'),
  requestText('GET', '/twice/21?token=secret'),
  requestText('GET', '/refused'),
  requestText('GET', '/thrown'),
  requestText('GET', '/nothing/here'),
  requestText('POST', '/twice/1', '{"a":1}'),
  requestText('HEAD', '/twice/2'),
  requestText('OPTIONS', '/twice/2'),
  requestText('GET', '/twice/%zz'),
  'GET /twice/3 HTTP/1.0\r\n\r\n',
  'NONSENSE\r\n\r\n',
];

async function answersOf({ url }: Service): Promise<string[]> {
  const answers: string[] = [];
  for (const request of requests) answers.push(await rawRequest(url, request));
  return answers;
}

test('a service whose agent is away answers the same to the byte, and its memory is flat', async (t) => {
  const nodeArgs = ['--expose-gc'];
  const [service, plain] = await Promise.all([
    startService(stage, { nodeArgs }),
    startService(stage, { nodeArgs, env: { NOVA_TEST_PLAIN: '1' } }),
  ]);
  const expected = await answersOf(plain);
  assert.match(expected[0]!, /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(await answersOf(service), expected);
  // What it can hold is taken up by these.
  await service.ask('flood', { events: 100_000, routes: 20 });
  const load = startLoad(service.url, 50);
  const bytes: number[] = [];
  let rss = 0;
  for (let round = 0; round < rounds; round++) {
    await service.ask('flood', { events: eventsARound, routes: 50_000 });
    await sleep(200);
    const memory = await service.ask<{ bytes: number; rss: number }>('memory');
    bytes.push(memory.bytes);
    rss = memory.rss;
  }
  const { right, wrong } = await load.end();
  assert.deepEqual(wrong, []);
  assert.deepEqual(await answersOf(service), expected);
  const growth = bytes.at(-1)! - bytes[0]!;
  t.diagnostic(`${rounds * eventsARound} events: ${bytes.map((b) => (b / 1e6).toFixed(2)).join(', ')} MB`);
  t.diagnostic(`resident ${(rss / 1e6).toFixed(1)} MB, ${right} requests answered`);
  assert.ok(growth < mostGrowthBytes, `${growth} bytes more`);

  // It tells what it still has, and from then on everything.
  const run = await startRun(stage, { service });
  await untilAllTold(run, service);
  // Errors are among what is received.
  const { received, lost, refused } = countedBy([run]);
  const kept = storedRequests(run);
  await service.ask('flood', { events: 500, routes: 1 });
  await untilTrue(() => assert.deepEqual(countedBy([run]), { received: received + 500, lost, refused }));
  await untilTrue(() => assert.equal(storedRequests(run), kept + 500));
  assert.deepEqual(await answersOf(service), expected);
});
