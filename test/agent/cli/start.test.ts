import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { runAgent, startAgent, type TestAgent } from '../../support/agent.ts';
import { untilTrue } from '../../support/servers.ts';
import '../../support/watchdog.ts';

let agent: TestAgent;

before(async () => {
  agent = await startAgent({});
});

after(async () => {
  await agent.stop();
  await rm(agent.folder, { recursive: true, force: true });
});

test('with configured tokens the start says where the dashboard is, without a way in', async () => {
  await untilTrue(async () => {
    const line = /dashboard: .*$/m.exec(agent.log())?.[0];
    assert.match(
      line ?? '',
      /^dashboard: http:\/\/127\.0\.0\.1:\d+\/; log in with a token, or "nova-agent login"$/,
    );
  });
  assert.doesNotMatch(agent.log(), /#code=/);
});

test('query without an expression says what to ask', async () => {
  const { code, stderr } = await runAgent(['query', '-c', agent.configFile]);
  assert.equal(code, 2);
  assert.match(stderr, /say what to ask: nova-agent query 'EXPR'/);
});

test('query for a metric that nothing gives says the nearest one', async () => {
  await untilTrue(async () => {
    const { code, stdout, stderr } = await runAgent(['query', 'system_load', '-c', agent.configFile]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /nothing gives the metric system_load; did you mean system_load1/);
    assert.doesNotMatch(stdout, /system_load/);
  });
});
