import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAgent } from '../support/built-agent.ts';
import { temporaryFolder } from '../support/servers.ts';
import { endOf } from './agent-beside.ts';
import { sleep } from './cost.ts';
import { atLeast, atMost, type Row } from './row.ts';

const frameEvents = 20_000_000;
const warmUpEvents = 2_000_000;
const lineEvents = 2_000_000;
const leastEventsPerSecond = 5_000_000;
const allowedMs = 3;

/** Receiving events of about 50 labels over a Unix socket, beside lines of JSON that are parsed on the main loop. */
export async function* receiving(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-receiving-');
  const built = await buildAgent();
  const dist = dirname(dirname(built.main));
  try {
    const lines = await measure(folder, dist, 'lines', lineEvents);
    const frames = await measure(folder, dist, 'frames', frameEvents);
    const lost = frames.lost === 0 ? 'lossless' : `${frames.lost} LOST`;
    yield atMost(
      'receiving',
      'CPU of the whole receiving process, ns an event',
      frames.cpuNs,
      ['NDJSON, JSON.parse', lines.cpuNs],
      1 / 30,
    );
    yield {
      ...atLeast(
        'receiving',
        `events/s, ${lost}`,
        frames.perSecond,
        ['NDJSON, JSON.parse', lines.perSecond],
        1,
      ),
      target: `≥ ${leastEventsPerSecond / 1e6} million`,
      met: frames.perSecond >= leastEventsPerSecond && frames.lost === 0,
    };
    yield {
      subject: 'receiving',
      measure: `main-loop delay p99 at full rate, ms`,
      ours: frames.p99Ms,
      peer: frames.idleP99Ms,
      peerName: `idle Node (NDJSON ${lines.p99Ms.toFixed(1)})`,
      ratio: frames.p99Ms / frames.idleP99Ms,
      target: `≤ +${allowedMs} ms`,
      met: frames.p99Ms <= frames.idleP99Ms + allowedMs,
    };
  } finally {
    await built.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly cpuNs: number;
  readonly perSecond: number;
  readonly lost: number;
  readonly p99Ms: number;
  readonly idleP99Ms: number;
}

interface Counts {
  readonly received: number;
  readonly kept: number;
  /** Of the received ones, and those that never came. */
  readonly dropped: number;
  readonly cpuMs: number;
}

const preload = ['--import', scriptOf('loop-delay.mjs')];

async function measure(
  folder: string,
  dist: string,
  form: 'frames' | 'lines',
  events: number,
): Promise<Measured> {
  const path = join(folder, `${form}.sock`);
  const receiver = startNode([scriptOf('event-receiver.mjs'), path, form, dist]);
  const idle = startNode(['-e', 'setInterval(() => {}, 2000)']);
  try {
    await once(receiver, 'message');
    await sleep(1000);
    const { after: before } = await generate(receiver, path, form, warmUpEvents);
    await Promise.all([p99Of(receiver), p99Of(idle)]);
    const { seconds, after } = await generate(receiver, path, form, events);
    const [p99Ms, idleP99Ms] = await Promise.all([p99Of(receiver), p99Of(idle)]);
    const received = after.received - before.received;
    return {
      cpuNs: ((after.cpuMs - before.cpuMs) * 1e6) / received,
      perSecond: received / seconds,
      ...{ lost: after.dropped, p99Ms, idleP99Ms },
    };
  } finally {
    await Promise.all([endOf(receiver), endOf(idle)]);
  }
}

interface Sent {
  /** Until the last event was received. */
  readonly seconds: number;
  /** When all were through. */
  readonly after: Counts;
}

/** Sends so many events and waits until the receiver has counted them. */
async function generate(receiver: ChildProcess, path: string, form: string, events: number): Promise<Sent> {
  const before = await countsOf(receiver);
  const generator = startNode(['--import', 'tsx', scriptOf('event-generator.ts'), path, form, `${events}`]);
  const [{ events: made }] = (await once(generator, 'message')) as [{ events: number }];
  const startMs = performance.now();
  const [code] = (await once(generator, 'exit')) as [number];
  if (code !== 0) throw new Error(`the generator ended with ${code}`);
  await untilCounts(receiver, ({ received }) => received >= before.received + made);
  const seconds = (performance.now() - startMs) / 1000;
  const after = await untilCounts(receiver, ({ received, kept, dropped }) => kept + dropped >= received);
  return { seconds, after };
}

async function untilCounts(receiver: ChildProcess, isReached: (counts: Counts) => boolean): Promise<Counts> {
  for (;;) {
    const counts = await countsOf(receiver);
    if (isReached(counts)) return counts;
    await sleep(10);
  }
}

function startNode(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...preload, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function countsOf(receiver: ChildProcess): Promise<Counts> {
  return answerOf<Counts>(receiver, 'counts', 'received');
}

async function p99Of(child: ChildProcess): Promise<number> {
  return (await answerOf<{ p99Ms: number }>(child, 'delay', 'p99Ms')).p99Ms;
}

/** What a child answers to a question: the first message that has `key`. */
function answerOf<T extends object>(child: ChildProcess, question: string, key: keyof T): Promise<T> {
  return new Promise((resolve) => {
    const take = (message: unknown) => {
      if (typeof message !== 'object' || message === null || !(key in message)) return;
      child.off('message', take);
      resolve(message as T);
    };
    child.on('message', take);
    child.send(question);
  });
}

function scriptOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
