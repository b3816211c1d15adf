import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectTo, testFolder } from './rig.ts';
import '../../../support/watchdog.ts';

const script = fileURLToPath(new URL('./listening-agent.ts', import.meta.url));

async function startAgents(t: TestContext, path: string, count: number): Promise<ChildProcess[]> {
  const agents = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--import', 'tsx', script, path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  );
  t.after(() => agents.map((agent) => agent.kill('SIGKILL')));
  await Promise.all(agents.map((agent) => once(agent, 'message')));
  return agents;
}

test('of agents that start at once, where one was killed before, one has the socket and the others say so', async (t) => {
  const folder = join(await testFolder(t), 'run');
  await mkdir(folder, { mode: 0o700 });
  const path = join(folder, 's');
  const [killed, ...agents] = await startAgents(t, path, 4);
  const first = once(killed!, 'message');
  killed!.send(0);
  assert.deepEqual(await first, [{ problem: '' }, undefined]);
  killed!.kill('SIGKILL');
  await once(killed!, 'exit');

  const answers = agents.map((agent) => once(agent, 'message'));
  const atMs = Date.now() + 200;
  for (const agent of agents) agent.send(atMs);
  const problems = (await Promise.all(answers)).map(([answer]) => (answer as { problem: string }).problem);
  assert.equal(problems.filter((problem) => problem === '').length, 1, problems.join('\n'));
  assert.equal(problems.filter((problem) => problem.startsWith('another agent listens on')).length, 2);
  await connectTo(t, path);
  assert.deepEqual(await readdir(folder), ['s']);
});
