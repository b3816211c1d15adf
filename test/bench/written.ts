import { rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { influxQuery, type TestServer } from '../support/servers.ts';
import { cpuMsOf, sleep } from './cost.ts';
import { startPeer } from './influx-peer.ts';
import { atLeast, atMost, median, type Row } from './row.ts';

const hosts = 100;
const bodies = 20;
const linesEach = 5000;
const points = bodies * linesEach;
const rounds = 4;
const warmUpRounds = 1;
const stepMs = 10_000;

interface Receiver {
  readonly pid: number;
  /** Where line protocol with times in ms goes. */
  readonly write: string;
  /** How many points of that measurement it has. */
  readonly count: (measurement: string) => Promise<number>;
  readonly cpuUs: number[];
  readonly perSecond: number[];
}

/**
 * Line protocol into `/write`, as Telegraf sends it: gzip, 5,000 points a request of three fields each, one request after
 * the other; answered when it is on the disk. InfluxDB 1.6.7 takes the same bytes in turns.
 */
export async function* written(): AsyncGenerator<Row> {
  const influx = await startPeer();
  let agent: TestAgent | undefined;
  let built: BuiltAgent | undefined;
  try {
    built = await buildAgent();
    agent = await startAgent({ processes: [], queues: false, redis: false }, { main: built.main });
    const receivers = [oursOf(agent), peerOf(influx)] as const;
    for (let round = 0; round < rounds; round++) {
      const requests = requestsOf(`made${round}`);
      for (const receiver of receivers) await send(receiver, requests);
      for (const { count } of receivers) {
        const there = await count(`made${round}`);
        if (there !== points) throw new Error(`written: ${there} points are there of ${points}`);
      }
    }
    const [ours, peer] = receivers.map(({ cpuUs, perSecond }) => ({
      cpuUs: median(cpuUs.slice(warmUpRounds)),
      perSecond: median(perSecond.slice(warmUpRounds)),
    }));
    const name = 'InfluxDB';
    yield atLeast('written', 'points/s into /write', ours!.perSecond, [name, peer!.perSecond], 1);
    yield atMost('written', 'CPU of the receiver, µs a point', ours!.cpuUs, [name, peer!.cpuUs], 1);
  } finally {
    await agent?.stop('SIGKILL');
    if (agent) await rm(agent.folder, { recursive: true, force: true });
    await Promise.all([influx.remove(), built?.remove()]);
  }
}

function oursOf(agent: TestAgent): Receiver {
  const count = async (measurement: string) => {
    const query = `sum(count_over_time(${measurement}_usage[1d]))`;
    const headers = { authorization: `Bearer ${testToken}` };
    const answer = await fetch(`${agent.url}/api/v1/query?query=${encodeURIComponent(query)}`, { headers });
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1] ?? 0);
  };
  return {
    ...{ pid: agent.process.pid!, write: `${agent.url}/write?precision=ms` },
    ...{ count, cpuUs: [], perSecond: [] },
  };
}

function peerOf({ process, url }: TestServer): Receiver {
  const count = async (measurement: string) => {
    const [series] = await influxQuery(url, `SELECT count(usage) FROM ${measurement}`);
    return Number(series?.values[0]?.[1] ?? 0);
  };
  return {
    ...{ pid: process.pid!, write: `${url}/write?db=test&precision=ms` },
    ...{ count, cpuUs: [], perSecond: [] },
  };
}

/** Each host every 10 s up to now, as bodies packed with gzip. */
function requestsOf(measurement: string): Buffer[] {
  const times = points / hosts;
  const startMs = Math.floor(Date.now() / stepMs - times) * stepMs;
  return Array.from({ length: bodies }, (_, body) => {
    const lines = Array.from({ length: linesEach }, (_, line) => {
      const at = body * linesEach + line;
      const usage = 50 + Math.round(400 * Math.sin(at / 300)) / 10;
      const timeMs = startMs + Math.floor(at / hosts) * stepMs;
      return `${measurement},server=web-${at % hosts},zone=z${at % 3} usage=${usage},busy=${at % 17}i,load=${(at % 450) / 100} ${timeMs}\n`;
    });
    return gzipSync(lines.join(''), { level: 1 });
  });
}

async function send({ pid, write, cpuUs, perSecond }: Receiver, requests: readonly Buffer[]): Promise<void> {
  const headers = { authorization: `Token ${testToken}`, 'content-encoding': 'gzip' };
  const before = cpuMsOf(pid);
  const startMs = performance.now();
  for (const body of requests) {
    const answer = await fetch(write, { method: 'POST', body, headers });
    if (answer.status !== 204) throw new Error(`written: ${answer.status} ${await answer.text()}`);
  }
  perSecond.push((points * 1000) / (performance.now() - startMs));
  // What is put away after the answer is part of the price.
  await sleep(5000);
  cpuUs.push(((cpuMsOf(pid) - before) * 1000) / points);
}
