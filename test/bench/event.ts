import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Histogram, Registry } from 'prom-client';
import { createRecorder } from '../../agent/instrument/event-recorder.ts';
import type { RecordedRequest } from '../../agent/instrument/recorder.ts';
import { sleep } from './cost.ts';
import { atMost, median, type Row } from './row.ts';

const eventsPerSlice = 20_000;
const slices = 40;
const methods = ['GET', 'GET', 'POST', 'PATCH', 'DELETE'];
const statuses = [200, 200, 201, 404, 500];

/** One request event in the service: labels looked up, recorded, sent; clock reads left out on both sides. */
export async function* event(): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'nova-event-'));
  const path = join(folder, 'intake.sock');
  const drain = spawn(process.execPath, [fileURLToPath(new URL('event-drain.mjs', import.meta.url)), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const recorder = createRecorder(() => ({ path }));
  try {
    await once(drain.stdout!, 'data');
    const routes = Array.from({ length: 50 }, (_, i) => `/api/v1/part-${i}/:id/things`);
    const users = Array.from({ length: 1000 }, (_, i) => `user-${i}`);
    recorder.reports(1);
    await sleep(300);

    const histogram = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'duration',
      labelNames: ['method', 'route', 'status'],
      registers: [new Registry()],
    });
    const request: RecordedRequest = {
      ...{ method: '', route: '', status: 0, durationUs: 0, timeMs: Date.now(), user: '', error: '' },
      untimed: false,
    };
    const record = (i: number): void => {
      request.method = methods[i % 5]!;
      request.route = routes[i % 50]!;
      request.status = statuses[i % 5]!;
      request.durationUs = 1000 + (i & 0xffff);
      recorder.request(request);
    };
    const recordUser = (i: number): void => {
      request.user = users[(i * 7) % 1000]!;
      record(i);
      request.user = '';
    };
    const observe = (i: number): void => {
      const labels = { method: methods[i % 5]!, route: routes[i % 50]!, status: statuses[i % 5]! };
      histogram.observe(labels, (1000 + (i & 0xffff)) / 1e6);
    };
    const found: number[][] = [[], [], []];
    for (let slice = 0; slice < slices; slice++) {
      for (const [which, work] of [record, recordUser, observe].entries()) {
        found[which]!.push(cpuNsPerEvent(work));
        // The reader has to keep up, or events would be given up, which is cheap.
        await sleep(30);
      }
    }
    const [ours, withUsers, peer] = found.map(median) as [number, number, number];
    recorder.finish();
    await sleep(200);
    const arrived = await recordsOf(drain);
    if (arrived !== eventsPerSlice * slices * 2) throw new Error(`only ${arrived} events arrived`);
    const promClient = ['prom-client observe', peer] as const;
    yield atMost('event', 'one request event in the service, ns', ours, promClient, 0.1);
    yield atMost('event', 'the same with 1,000 users, ns', withUsers, promClient, 0.2);
  } finally {
    recorder.close();
    drain.stdin!.end();
    await rm(folder, { recursive: true });
  }
}

function cpuNsPerEvent(work: (i: number) => void): number {
  const before = process.cpuUsage();
  for (let i = 0; i < eventsPerSlice; i++) work(i);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / eventsPerSlice;
}

async function recordsOf(drain: ChildProcess): Promise<number> {
  drain.stdin!.write('\n');
  const [text] = await once(drain.stdout!, 'data');
  return Number(text);
}
