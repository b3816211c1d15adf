import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/servers.ts';
import { endOf, startAgentBeside } from './agent-beside.ts';
import { startCollectd } from './collectd.ts';
import { cpuMsOf, rssMbOf, sleep } from './cost.ts';
import { atMost, type Row, valueAtMost } from './row.ts';

const warmUpMs = 30_000;
const measuredMs = 60_000;
const eventsPerSecond = 5000;
const labels = 1_000_000;
const labelsPerSecond = 50_000;

/** What watching costs while a service tells of 5,000 events a second, beside an idle collectd. */
export async function* busy(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-collectd-');
  const collectd = await startCollectd(folder);
  const beside = await startAgentBeside();
  const pid = beside.agent.pid!;
  let service = startService(beside.socket, eventsPerSecond);
  try {
    await sleep(warmUpMs);
    const before = [pid, collectd.pid!].map(cpuMsOf);
    await sleep(measuredMs);
    const [ours, peer] = [pid, collectd.pid!].map(
      (each, i) => ((cpuMsOf(each) - before[i]!) * 1000) / measuredMs,
    );
    yield atMost('busy', '5,000 events/s, CPU, ms a second', ours!, ['collectd', peer!], 1.5);

    await endOf(service);
    // Rings and windows are full after the first tenth: from there on it is to stay as it is.
    service = startService(beside.socket, labelsPerSecond, labels / 10);
    await once(service, 'message');
    await endOf(service);
    await sleep(10_000);
    const rssMb = rssMbOf(pid);
    service = startService(beside.socket, labelsPerSecond, labels);
    await once(service, 'message');
    await sleep(5000);
    const more = rssMbOf(pid) - rssMb;
    yield valueAtMost('busy', '10⁶ distinct routes after 10⁵, MB more', more, ['after 10⁵', rssMb], 10);
  } finally {
    await endOf(service);
    await beside.stop();
    await endOf(collectd);
    await rm(folder, { recursive: true, force: true });
  }
}

function startService(socket: string, perSecond: number, distinct?: number): ChildProcess {
  const script = fileURLToPath(new URL('./busy-service.ts', import.meta.url));
  const args = ['--import', 'tsx', script, `${perSecond}`, ...(distinct ? [`${distinct}`] : [])];
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NOVA_AGENT_INTAKE_SOCKET: socket },
  });
}
