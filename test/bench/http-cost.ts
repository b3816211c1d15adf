import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../support/servers.ts';
import { sleep } from './cost.ts';
import { atMost, median, type Row } from './row.ts';

/** What watches the requests of the server in a slice of time. */
export type HttpMode = 'off' | 'instrument' | 'register' | 'prom-client' | 'OpenTelemetry';

/** What a slice took. */
export interface HttpSlice {
  readonly requests: number;
  readonly cpuUs: number;
}

const sliceMs = 300;
const rounds = 20;
/** For the compiler. */
const warmUpRounds = 3;
const modes = ['instrument', 'register', 'prom-client', 'OpenTelemetry'] as const;

/**
 * What watching adds to the CPU time of a request to a bare node:http server under load. A server of its own for each
 * way of watching, which is switched on and off in it, slice by slice; every slice is compared with those without
 * watching before and after it. The median of the ratios says more than two runs, on a machine that does other things.
 */
export async function* httpCost(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-bench-http-');
  const socket = join(folder, 'intake.sock');
  const sink = createServer((connection) => connection.resume());
  await new Promise<void>((resolve) => sink.listen(socket, resolve));
  try {
    for (const mode of modes) {
      const { off, ratio } = await measured(mode, socket);
      const target = mode === 'instrument' ? 1.05 : mode === 'register' ? 1.1 : Number.POSITIVE_INFINITY;
      const row = atMost(
        'http',
        `CPU of a bare request with ${mode}, µs`,
        off * ratio,
        ['without', off],
        target,
      );
      yield Number.isFinite(target) ? row : { ...row, target: 'a peer' };
    }
  } finally {
    sink.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(mode: HttpMode, socket: string): Promise<{ off: number; ratio: number }> {
  const file = join(import.meta.dirname, 'http-server.ts');
  const server = spawn(process.execPath, ['--import', 'tsx', file, socket], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let load: ChildProcess | undefined;
  try {
    const [port] = (await once(server, 'message')) as [number];
    const options = ['--threads', '1', '--connections', '8', '--duration', '120s'];
    load = spawn('wrk', [...options, `http://127.0.0.1:${port}/`], { stdio: 'ignore' });
    return await compared(server, mode);
  } finally {
    load?.kill('SIGKILL');
    server.kill('SIGKILL');
  }
}

async function compared(server: ChildProcess, mode: HttpMode): Promise<{ off: number; ratio: number }> {
  const offs: number[] = [];
  const ratios: number[] = [];
  /** Ends the slice that runs and begins one of `mode`: µs of CPU a request of the one that ended. */
  const next = async (mode: HttpMode): Promise<number> => {
    const told = once(server, 'message') as Promise<[HttpSlice]>;
    server.send(mode);
    const [{ requests, cpuUs }] = await told;
    return cpuUs / requests;
  };
  await next('off');
  await sleep(sliceMs);
  let before = await next(mode);
  for (let round = 0; round < rounds + warmUpRounds; round++) {
    await sleep(sliceMs);
    const cost = await next('off');
    await sleep(sliceMs);
    const after = await next(mode);
    if (round >= warmUpRounds) {
      offs.push(after);
      ratios.push(cost / ((before + after) / 2));
    }
    before = after;
  }
  return { off: median(offs), ratio: median(ratios) };
}
