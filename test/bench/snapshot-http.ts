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
  /** The same two at some 5,000 requests a second. */
  readonly pacedPerSecond: number[];
  readonly pacedDelayMs: number[];
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
    const ours = serverOf(beside.agent, url);
    const bare = serverOf(peer, `http://127.0.0.1:${port}/`);
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

function serverOf(child: ChildProcess, url: string): Server {
  return { child, url, perSecond: [], cpuUs: [], delayMs: [], pacedPerSecond: [], pacedDelayMs: [] };
}

async function measure(server: Server): Promise<void> {
  const { child, url, perSecond, cpuUs, delayMs, pacedPerSecond, pacedDelayMs } = server;
  await loopDelayP99Ms(child);
  const before = cpuMsOf(child.pid!);
  const found = await load(url, measuredSeconds, benchToken, 1);
  cpuUs.push(((cpuMsOf(child.pid!) - before) * 1000) / found.requests);
  perSecond.push(found.perSecond);
  delayMs.push(await loopDelayP99Ms(child));
  pacedPerSecond.push((await load(url, measuredSeconds, benchToken, 1, true)).perSecond);
  pacedDelayMs.push(await loopDelayP99Ms(child));
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
  const paced = Math.round(median(ours.pacedPerSecond) / 100) * 100;
  const delay = 'main-loop delay p99';
  yield row(`${delay} at ${paced} requests/s, ms`, ({ pacedDelayMs }) => pacedDelayMs, mostDelayMs, '≤');
  yield row(`${delay} at as many as it can answer, ms`, ({ delayMs }) => delayMs, mostDelayMs, '≤');
}
