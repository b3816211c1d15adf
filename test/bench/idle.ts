import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../support/servers.ts';
import { endOf, startAgentBeside } from './agent-beside.ts';
import { startCollectd } from './collectd.ts';
import { cpuMsOf, rssMbOf, sleep } from './cost.ts';
import { atMost, type Row } from './row.ts';

const warmUpMs = 30_000;
const measuredMs = 60_000;

/** What watching costs when nothing happens, beside collectd with the same interval and a Node that only waits. */
export async function* idle(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-collectd-');
  const collectd = await startCollectd(folder);
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 2000)'], { stdio: 'ignore' });
  const beside = await startAgentBeside();
  try {
    await sleep(warmUpMs);
    const before = [beside.agent, collectd].map(({ pid }) => cpuMsOf(pid!));
    await sleep(measuredMs);
    const [ours, peer] = [beside.agent, collectd].map(
      ({ pid }, i) => ((cpuMsOf(pid!) - before[i]!) * 1000) / measuredMs,
    );
    yield atMost('idle', 'CPU, ms a second', ours!, ['collectd', peer!], 0.75);
    yield atMost(
      'idle',
      'resident memory, MB',
      rssMbOf(beside.agent.pid!),
      ['bare Node', rssMbOf(bare.pid!)],
      2.2,
    );
  } finally {
    await beside.stop();
    await Promise.all([endOf(bare), endOf(collectd)]);
    await rm(folder, { recursive: true, force: true });
  }
}
