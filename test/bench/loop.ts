import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endOf, startAgentBeside } from './agent-beside.ts';
import { sleep } from './cost.ts';
import type { Row } from './row.ts';

const preload = ['--import', fileURLToPath(new URL('./loop-delay.mjs', import.meta.url))];
const warmUpMs = 15_000;
const measuredMs = 40_000;
const allowedMs = 3;

/** How late the agent's main loop runs with all of it at work, beside a Node that only waits. */
export async function* loop(): AsyncGenerator<Row> {
  const beside = await startAgentBeside(preload);
  const idleNode = spawn(process.execPath, [...preload, '-e', 'setInterval(() => {}, 2000)'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    await sleep(warmUpMs);
    await Promise.all([p99Of(beside.agent), p99Of(idleNode)]);
    await sleep(measuredMs);
    const [ours, peer] = await Promise.all([p99Of(beside.agent), p99Of(idleNode)]);
    yield {
      subject: 'loop',
      measure: 'main-loop delay p99, ms',
      ours,
      peer,
      peerName: 'idle Node',
      ratio: ours / peer,
      target: `≤ +${allowedMs} ms`,
      met: ours <= peer + allowedMs,
    };
  } finally {
    await beside.stop();
    await endOf(idleNode);
  }
}

function p99Of(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve((message as { p99Ms: number }).p99Ms));
    child.send('delay');
  });
}
