import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { benchToken, endOf, startAgentBeside } from './agent-beside.ts';
import { cpuMsOf, sleep } from './cost.ts';
import { load, loopDelayP99Ms, pin } from './load.ts';
import { median, type Row } from './row.ts';

const preload = ['--import', fileURLToPath(new URL('./loop-delay.mjs', import.meta.url))];
const path = '/api/monitoring/snapshot';
const warmUpSeconds = 4;
const measuredSeconds = 6;
const rounds = 5;
const leastPerSecond = 5000;
const mostDelayMs = 5;

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly perSecond: number[];
  /** CPU of the whole process, ticks included. */
  readonly cpuUs: number[];
  readonly delayMs: number[];
}

/** Snapshots a second on one core, ticks and all, beside a bare node:http server that answers the same bytes. */
export async function* snapshotHttp(): AsyncGenerator<Row> {
  const beside = await startAgentBeside(preload);
  const script = fileURLToPath(new URL('./bare-http.mjs', import.meta.url));
  const peer = spawn(process.execPath, [...preload, script], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    await sleep(5000);
    const url = beside.url + path;
    const answer = await (await fetch(url, { headers: { authorization: `Bearer ${benchToken}` } })).text();
    peer.send({ answer });
    const [{ port }] = (await once(peer, 'message')) as [{ port: number }];
    const ours: Server = { child: beside.agent, url, perSecond: [], cpuUs: [], delayMs: [] };
    const peerUrl = `http://127.0.0.1:${port}/`;
    const bare: Server = { child: peer, url: peerUrl, perSecond: [], cpuUs: [], delayMs: [] };
    const servers = [ours, bare];
    for (const { child, url } of servers) {
      await pin(child.pid!, 0);
      await load(url, warmUpSeconds, benchToken, 1);
    }
    for (let round = 0; round < rounds; round++) for (const server of servers) await measure(server);
    yield* rowsOf(ours, bare);
  } finally {
    await beside.stop();
    await endOf(peer);
  }
}

async function measure({ child, url, perSecond, cpuUs, delayMs }: Server): Promise<void> {
  await loopDelayP99Ms(child);
  const before = cpuMsOf(child.pid!);
  const found = await load(url, measuredSeconds, benchToken, 1);
  cpuUs.push(((cpuMsOf(child.pid!) - before) * 1000) / found.requests);
  perSecond.push(found.perSecond);
  delayMs.push(await loopDelayP99Ms(child));
}

function* rowsOf(ours: Server, peer: Server): Generator<Row> {
  const row = (measure: string, of: (server: Server) => number[], limit: number, sign: '≥' | '≤'): Row => {
    const [own, other] = [median(of(ours)), median(of(peer))];
    return {
      ...{
        subject: 'snapshot',
        measure,
        ours: own,
        peer: other,
        peerName: 'bare node:http',
        ratio: own / other,
      },
      ...{ target: `value ${sign} ${limit}`, met: sign === '≥' ? own >= limit : own <= limit },
    };
  };
  yield row('requests/s on one core', ({ perSecond }) => perSecond, leastPerSecond, '≥');
  yield row('CPU of a request, ticks and all, µs', ({ cpuUs }) => cpuUs, 1e6 / leastPerSecond, '≤');
  yield row('main-loop delay p99 meanwhile, ms', ({ delayMs }) => delayMs, mostDelayMs, '≤');
}
