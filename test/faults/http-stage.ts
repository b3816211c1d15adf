import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestAgent, testToken } from '../support/agent.ts';
import { stored, timesOf, valuesOf } from './evidence.ts';
import { atEnd, tickMs } from './stage.ts';

/** Clients that behave as no library lets one, and what an agent under them is looked at for. */

export const bearer = `Authorization: Bearer ${testToken}\r\n`;

/** A GET as it is written. */
export function getOf(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

export interface Client {
  readonly socket: Socket;
  /** What came, as long as it was read. */
  text(): string;
  /** Milliseconds from its start until the agent closed it; NaN as long as it is open. */
  closedAfterMs(): number;
}

/** A connection that says `first`; it reads unless told otherwise. */
export function openClient({ url }: TestAgent, first = '', isReading = true): Client {
  const startMs = performance.now();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  atEnd(() => socket.destroy());
  let text = '';
  let closedMs = Number.NaN;
  socket.setEncoding('latin1').on('error', () => {});
  socket.once('close', () => {
    closedMs = performance.now() - startMs;
  });
  if (isReading) socket.on('data', (part) => (text += part));
  if (first !== '') socket.write(first, 'latin1');
  return { socket, text: () => text, closedAfterMs: () => closedMs };
}

/** Everything that comes for these bytes until the agent ends the connection. */
export async function exchange(agent: TestAgent, bytes: string): Promise<string> {
  const client = openClient(agent, bytes);
  if (!client.socket.closed) await once(client.socket, 'close');
  return client.text();
}

/** Statuses of all answers in a text. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

export interface Asked {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Asks as it is told: with any path and any Host, and with a token unless `Authorization` says otherwise. */
export function ask(
  { url }: TestAgent,
  path: string,
  init: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Asked> {
  const { method = 'GET', headers = { authorization: `Bearer ${testToken}` }, body, signal } = init;
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers,
      agent: false,
      ...(signal && { signal }),
    };
    const call = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part)).once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
        }),
      );
    });
    call.once('error', reject).end(body);
  });
}

/** How an agent fares while something is done to it. */
export interface Watched {
  /** Of /health, in milliseconds. */
  readonly healthMs: readonly number[];
  /** Resident, in MB. */
  readonly rssMb: { readonly before: number; readonly most: number };
  /** Ticks with a row in the store, of so many that were due. */
  readonly ticks: { readonly stored: number; readonly missed: number; readonly due: number };
}

/** Asks /health five times a second, and looks at memory and ticks, until `work` is done. */
export async function whileWatched(agent: TestAgent, work: () => Promise<unknown>): Promise<Watched> {
  const startMs = Date.now();
  const before = rssMb(agent);
  const missedBefore = missedTicks(agent, 0);
  const healthMs: number[] = [];
  let most = before;
  let isDone = false;
  const watching = (async () => {
    while (!isDone) {
      const askedMs = performance.now();
      const { status } = await ask(agent, '/health', { headers: {} });
      if (status !== 200) throw new Error(`/health answers ${status}`);
      healthMs.push(performance.now() - askedMs);
      most = Math.max(most, rssMb(agent));
      await sleep(200);
    }
  })();
  try {
    await work();
  } finally {
    isDone = true;
  }
  await watching;
  const endMs = Date.now();
  const times = timesOf(stored(agent, 'system', {}, startMs, endMs));
  const ticks = {
    stored: new Set(times).size,
    missed: missedTicks(agent, startMs) - missedBefore,
    due: Math.floor((endMs - startMs) / tickMs),
  };
  return { healthMs, rssMb: { before, most }, ticks };
}

export function told({ healthMs, rssMb, ticks }: Watched): string {
  const sorted = [...healthMs].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))]!);
  return (
    `/health median ${at(0.5)} ms, worst ${at(1)} ms of ${sorted.length}; ` +
    `memory ${Math.round(rssMb.before)} → ${Math.round(rssMb.most)} MB; ` +
    `${ticks.stored} ticks and ${ticks.missed} missed of ${ticks.due}`
  );
}

export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function rssMb({ process: { pid } }: TestAgent): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return Number(kb) / 1024;
}

function missedTicks(agent: TestAgent, sinceMs: number): number {
  return Math.max(0, ...valuesOf(stored(agent, 'agent', {}, sinceMs), 'ticks_missed_total'));
}
