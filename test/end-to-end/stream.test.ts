import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import type { Mark } from '../../workers/contract/marks.ts';
import { openStream } from '../agent/http/stream-reader.ts';
import { startAgent, testToken } from '../support/agent.ts';
import { freePort, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

test('an agent that is restarted under a stream tells what the viewer missed', async (t) => {
  const http = {
    port: await freePort(),
    auth: { tokens: [{ name: 'test', role: 'admin', token: testToken }] },
  };
  const config = { agent: { interval: '250ms' }, processes: [], queues: false, intake: false, http };
  const first = await startAgent(config);
  t.after(async () => {
    await first.stop('SIGKILL');
    await rm(first.folder, { recursive: true, force: true });
  });
  const stream = await openStream(t, first.url, testToken);
  const seen = await stream.until('snapshot', 4);
  assert.deepEqual(
    seen.map(({ id, data }) => Date.parse((data as { timestamp: string }).timestamp) - Number(id)),
    seen.map(() => 0),
  );
  assert.equal((await first.stop()).code, 0);
  await untilTrue(() => assert.ok(stream.isEnded()));
  const lastId = stream.of('snapshot').at(-1)!.id!;

  const second = await startAgent(config, { folder: first.folder });
  t.after(() => second.stop('SIGKILL'));
  const again = await openStream(t, second.url, testToken, { headers: { 'last-event-id': lastId } });
  const [next] = await again.until('snapshot', 1);
  const [gap] = again.of('gap');
  assert.deepEqual(gap!.data, {
    since: new Date(Number(lastId)).toISOString(),
    until: new Date(Number(next!.id)).toISOString(),
  });
  await again.until('snapshot', 3);

  const marks = await second.get<Mark[]>('/api/monitoring/marks?since=1h');
  assert.equal(marks.length, 1);
  assert.equal(marks[0]!.kind, 'agent');
  assert.ok(Date.parse((marks[0] as unknown as { timestamp: string }).timestamp) >= Number(lastId) - 1000);
});
