import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Heartbeat } from '../../../../agent/alerts/notifiers/heartbeat/heartbeat.ts';
import { heartbeatOptions } from '../../../../agent/alerts/notifiers/heartbeat/options.ts';
import { createLog, TroubleLog } from '../../../../agent/log.ts';
import { type HttpReceiver, startHttpReceiver } from '../../../support/http-receiver.ts';
import { untilTrue } from '../../../support/servers.ts';
import { FakeClock } from '../../sinks/fakes/fake-clock.ts';

let receiver: HttpReceiver;
let clock: FakeClock;
let lines: string[];
let isAlive: boolean;
let heartbeat: Heartbeat;

beforeEach(async () => {
  receiver = await startHttpReceiver();
  clock = new FakeClock();
  lines = [];
  isAlive = true;
});
afterEach(async () => {
  await heartbeat.close();
  await receiver.close();
});

function start(options: object = {}): void {
  const troubles = new TroubleLog(createLog('info', (line) => lines.push(line)));
  const parsed = heartbeatOptions.parse({ url: `${receiver.url}/a-secret-of-a-dead-man`, ...options });
  heartbeat = new Heartbeat(parsed, { clock, troubles, isAlive: () => isAlive });
  heartbeat.start();
}

/** Waits for the pause between two beats, and lets it pass. */
async function pass(ms = 60_000): Promise<void> {
  await clock.sleeping((asleep) => asleep === ms);
  clock.advance(ms);
}

test('beats at once and then every interval', async () => {
  start();
  await receiver.request(1);
  await pass();
  await receiver.request(2);
  assert.deepEqual(
    [receiver.requests[1]!.method, receiver.requests[1]!.path],
    ['GET', '/a-secret-of-a-dead-man'],
  );
});

test('beats as it is configured', async () => {
  start({ method: 'POST', interval: '1m30s', http_config: { bearer_token: 'abc' } });
  const { method, headers } = await receiver.request(1);
  assert.deepEqual([method, headers.authorization], ['POST', 'Bearer abc']);
  await pass(90_000);
  await receiver.request(2);
});

test('is silent while rules are not evaluated, and beats with the first evaluation', async () => {
  isAlive = false;
  start();
  for (let second = 0; second < 5; second++) await pass(1000);
  await clock.sleeping((ms) => ms === 1000);
  assert.equal(receiver.requests.length, 0);
  isAlive = true;
  await pass(1000);
  await receiver.request(1);
  await pass();
  await receiver.request(2);
});

test('says once that nobody hears it, and when that is over, without its secret', async () => {
  receiver.answer = (response) => response.writeHead(500).end('no a-secret-of-a-dead-man');
  start();
  await pass();
  await pass();
  receiver.answer = (response) => response.end();
  await pass();
  await untilTrue(() => assert.equal(lines.length, 2));
  assert.match(lines[0]!, /warn heartbeat: 127\.0\.0\.1:\d+ answered 500: no \*\*\*/);
  assert.match(lines[1]!, /info heartbeat: well again/);
});

test('does not pile up while it is not answered', async () => {
  receiver.answer = () => {};
  start();
  await receiver.request(1);
  clock.advance(10_000);
  await clock.sleeping((ms) => ms === 50_000);
  clock.advance(50_000);
  await receiver.request(2);
  assert.equal(receiver.requests.length, 2);
});

test('makes no beat up that it missed', async () => {
  start();
  await receiver.request(1);
  await clock.sleeping((ms) => ms === 60_000);
  clock.advance(600_000);
  await receiver.request(2);
  await clock.sleeping((ms) => ms === 60_000);
  assert.equal(receiver.requests.length, 2);
});

test('ends while it is not answered', async () => {
  receiver.answer = () => {};
  start();
  await receiver.request(1);
  await heartbeat.close();
  await untilTrue(() => assert.equal(receiver.openSockets(), 0));
  assert.deepEqual(lines, []);
});
