/**
 * A small real CRM for the demo and for tests: BullMQ queues and workers under steady traffic, and /healthz.
 *
 *     node --import tsx scripts/demo-crm/main.ts --redis redis://127.0.0.1:6379 [--port 0] [--rate 1] [--seed 1]
 *
 * Prints `crm: listening on http://127.0.0.1:PORT` when all is up. SIGTERM and SIGINT end it cleanly.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { doWork, type Work } from './jobs.ts';
import { type DemoQueue, demoQueues } from './queues.ts';
import { type LiveQueue, Traffic } from './traffic.ts';

/** Jobs that this process saw, by queue. */
type Counts = Record<string, number>;

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: 'redis://127.0.0.1:6379' },
    port: { type: 'string', default: '0' },
    rate: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
});
const rate = Number(values.rate);
if (!(rate >= 0)) fail(`--rate ${values.rate}: expected a number, such as 0.5 or 2`);

const connection = new Redis(values.redis, { maxRetriesPerRequest: null });
const counts = { completed: {} as Counts, failed: {} as Counts };
let lastTrouble = '';
connection.on('error', (error) => trouble(error));

const live = demoQueues.map(open);
const stopped = new AbortController();
const traffic = new Traffic(live, connection, rate, Number(values.seed)).run(stopped.signal);

const server = createServer((request, response) => {
  const known = request.url === '/healthz';
  response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(
      known ? { status: 'ok', uptimeSeconds: process.uptime(), ...counts } : { status: 'not found' },
    ),
  );
});
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`crm: listening on http://127.0.0.1:${port}\n`);
});
server.once('error', (error) => fail(error.message));

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void close());
traffic.catch((error: unknown) => fail(String(error)));

function open(plan: DemoQueue): LiveQueue {
  const queue = new Queue<Work>(plan.name, { connection });
  queue.on('error', trouble);
  let worker: Worker<Work> | undefined;
  return {
    plan,
    queue,
    async attend(wanted) {
      if (wanted && !worker) worker = startWorker(plan);
      if (!wanted && worker) {
        const leaving = worker;
        worker = undefined;
        await leaving.close();
      }
    },
  };
}

function startWorker(plan: DemoQueue): Worker<Work> {
  const worker = new Worker<Work>(plan.name, doWork, { ...plan.worker, connection });
  worker.on('error', trouble);
  worker.on('completed', () => count(counts.completed, plan.name));
  worker.on('failed', () => count(counts.failed, plan.name));
  return worker;
}

function count(to: Counts, name: string): void {
  to[name] = (to[name] ?? 0) + 1;
}

/**
 * Workers first, so that no job is left half done; a Redis that is gone holds nothing up for long. A second
 * signal ends it at once.
 */
async function close(): Promise<void> {
  if (stopped.signal.aborted) process.exit(1);
  stopped.abort();
  setTimeout(() => process.exit(0), 5000).unref();
  server.close();
  await traffic;
  await Promise.all(live.map((one) => one.attend(false)));
  await Promise.all(live.map((one) => one.queue.close()));
  connection.disconnect();
  process.exit(0);
}

/** Says a lasting trouble once. */
function trouble(error: Error): void {
  if (error.message === lastTrouble) return;
  lastTrouble = error.message;
  process.stderr.write(`crm: ${error.message}\n`);
}

function fail(message: string): never {
  process.stderr.write(`crm: ${message}\n`);
  process.exit(1);
}
