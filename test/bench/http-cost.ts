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

const sliceMs = 400;
const rounds = 15;
const modes = ['instrument', 'register', 'prom-client', 'OpenTelemetry'] as const;

/**
 * What watching adds to the CPU time of a request to a bare node:http server under load. Each mode is switched on and
 * off inside one server, slice by slice, and every slice is compared with those without watching before and after it:
 * the median of the ratios says more than any two runs, on a machine that does other things.
 */
export async function* httpCost(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-bench-http-');
  const socket = join(folder, 'intake.sock');
  const sink = createServer((connection) => connection.resume());
  await new Promise<void>((resolve) => sink.listen(socket, resolve));
  const file = join(import.meta.dirname, 'http-server.ts');
  const server = spawn(process.execPath, ['--import', 'tsx', file, socket], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let load: ChildProcess | undefined;
  try {
    const [port] = (await once(server, 'message')) as [number];
    const seconds = Math.ceil((((rounds + 1) * modes.length * 2 + 2) * (sliceMs + 20)) / 1000) + 10;
    const options = ['--threads', '1', '--connections', '8', '--duration', `${seconds}s`];
    load = spawn('wrk', [...options, `http://127.0.0.1:${port}/`], { stdio: 'ignore' });
    const { costs, ratios } = await measure(server);
    for (const mode of modes) {
      const target = mode === 'instrument' ? 1.05 : mode === 'register' ? 1.1 : Number.POSITIVE_INFINITY;
      const off = costs.off;
      const row = atMost('http', `CPU of a bare request with ${mode}, µs`, off * ratios[mode], ['without', off], target);
      yield Number.isFinite(target) ? row : { ...row, target: 'a peer' };
    }
  } finally {
    load?.kill('SIGKILL');
    server.kill('SIGKILL');
    sink.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(server: ChildProcess) {
  const costsOf: Record<HttpMode, number[]> = {
    off: [],
    instrument: [],
    register: [],
    'prom-client': [],
    OpenTelemetry: [],
  };
  const ratiosOf: Record<(typeof modes)[number], number[]> = {
    instrument: [],
    register: [],
    'prom-client': [],
    OpenTelemetry: [],
  };
  /** Ends the slice that runs and begins one of `mode`: µs of CPU a request of the one that ended. */
  const next = async (mode: HttpMode): Promise<number> => {
    const told = once(server, 'message') as Promise<[HttpSlice]>;
    server.send(mode);
    const [{ requests, cpuUs }] = await told;
    return cpuUs / requests;
  };
  await next('off');
  for (let round = 0; round <= rounds; round++) {
    for (const mode of modes) {
      await sleep(sliceMs);
      const before = await next(mode);
      await sleep(sliceMs);
      const cost = await next('off');
      await sleep(sliceMs / 2);
      const after = await next('off');
      // The first round is for the compiler.
      if (round === 0) continue;
      costsOf.off.push(before, after);
      costsOf[mode].push(cost);
      ratiosOf[mode].push(cost / ((before + after) / 2));
    }
  }
  const medians = <K extends string>(of: Record<K, number[]>): Record<K, number> =>
    Object.fromEntries(Object.entries<number[]>(of).map(([name, all]) => [name, median(all)])) as Record<K, number>;
  return { costs: medians(costsOf), ratios: medians(ratiosOf) };
}
