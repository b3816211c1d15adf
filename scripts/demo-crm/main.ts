/**
 * A small real CRM for the demo and for tests: an HTTP API on Express, Prisma on SQLite, Socket.IO, and BullMQ queues
 * with workers under steady traffic of jobs. Nobody visits it unless asked to: see visitors.ts.
 *
 *     node --import tsx scripts/demo-crm/main.ts --redis redis://127.0.0.1:6379 [--port 0] [--rate 1] [--seed 1]
 *         [--data FOLDER] [--plain]
 *
 * It loads nova-agent/instrument as any service would; with --plain it does not, for `node --import
 * nova-agent/register`. Prints `crm: listening on http://127.0.0.1:PORT` when all is up. SIGTERM and SIGINT end it
 * cleanly. Without --data its database goes with it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { createCrmApp } from './crm-app.ts';
import { openDatabase } from './database.ts';
import { JobQueues } from './job-queues.ts';
import { startLive } from './live.ts';
import { Tally } from './tally.ts';
import { Traffic } from './traffic.ts';

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: 'redis://127.0.0.1:6379' },
    port: { type: 'string', default: '0' },
    rate: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
    plain: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
if (!(rate >= 0)) fail(`--rate ${values.rate}: expected a number, such as 0.5 or 2`);
const monitor = values.plain ? undefined : (await import('nova-agent/instrument')).monitor;

const folder = values.data ?? mkdtempSync(join(tmpdir(), 'nova-crm-'));
if (values.data === undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let lastTrouble = '';

const tally = new Tally();
const bare = openDatabase(folder, Number(values.seed), tally);
const database = monitor ? bare.$extends(monitor.prisma()) : bare;

const connection = new Redis(values.redis, { maxRetriesPerRequest: null });
connection.on('error', trouble);
const queues = new JobQueues({
  connection,
  tally,
  onTrouble: trouble,
  onFailed: (error, queue, job) => monitor?.trackError(error, { method: 'job', route: `${queue}/${job}` }),
});
const stopped = new AbortController();
const traffic = new Traffic(queues.live, connection, rate, Number(values.seed)).run(stopped.signal);
traffic.catch((error: unknown) => fail(String(error)));

const io = new Server({ serveClient: false });
monitor?.socketIo(io);
const live = startLive(io, database, tally);
const app = await createCrmApp({
  database,
  tally,
  live,
  monitoring: monitor ? [monitor.express()] : [],
  health: () => ({ status: 'ok', uptimeSeconds: process.uptime(), ...queues.counts }),
  addJob: queues.add,
});
const server = createServer(app);
io.attach(server);
server.once('error', (error) => fail(error.message));
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`crm: listening on http://127.0.0.1:${port}\n`);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void close());

/** A Redis that is gone, or a client that stays, holds nothing up for long. A second signal ends it at once. */
async function close(): Promise<void> {
  if (stopped.signal.aborted) process.exit(1);
  stopped.abort();
  setTimeout(() => process.exit(0), 5000).unref();
  await live.close();
  await traffic;
  await queues.close();
  await bare.$disconnect();
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
