/**
 * A service of Express that loads the library as a user does. It stands in a built copy of the package, so that
 * `nova-agent/instrument` is what was built. Its parent asks it over the channel of `fork`; NOVA_TEST_PLAIN leaves the
 * library out. As a cluster (`cluster N`) the primary answers the parent and N workers answer requests.
 */
import cluster from 'node:cluster';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import express from 'express';

const [mode = 'single', count = '0'] = process.argv.slice(2);
const isPlain = process.env.NOVA_TEST_PLAIN !== undefined;
const { monitor } = isPlain ? { monitor: undefined } : await import('nova-agent/instrument');

/** Events that were given to the library, but for requests that it sees itself. */
let tracked = 0;
let stopSteady = () => {};

function request(endpoint) {
  tracked++;
  monitor.trackAPIRequest({ endpoint, method: 'GET', statusCode: 200, responseTime: 1.5 });
}

/** As many as it can, or so many at a time, letting requests through in between. */
async function flood({ events, routes, atATime = 500 }) {
  const names = Array.from({ length: routes }, (_, i) => `/flood/route-${i}`);
  const startMs = performance.now();
  for (let i = 0; i < events; ) {
    const end = Math.min(events, i + atATime);
    for (; i < end; i++) request(names[i % routes]);
    await nextTurn();
  }
  return { tookMs: performance.now() - startMs };
}

/** So many a second until told otherwise; 0 stops. */
function steady({ perSecond }) {
  stopSteady();
  const startMs = performance.now();
  let made = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * perSecond;
    for (; made < due; made++) request(`/steady/${made % 20}`);
  }, 5);
  stopSteady = () => clearInterval(timer);
  if (perSecond === 0) stopSteady();
}

/** Calls of `monitor`, and of the recorder for what only hooks tell. */
async function call({ calls }) {
  const path = import.meta.resolve('nova-agent/instrument').replace('instrument.js', 'process-recorder.js');
  const { processRecorder } = await import(path);
  for (const [i, { name, given }] of calls.entries()) {
    tracked++;
    // More than 200 new messages a second are too many to be cleaned.
    if (i % 100 === 99) await sleep(600);
    if (name === 'job') processRecorder().job(given.queue, given.job, 1000, Date.now(), false, '');
    else if (name === 'trackError') monitor.trackError(errorOf(given), given.place);
    else monitor[name](given);
  }
}

function errorOf({ type, message }) {
  const error = new Error(message);
  error.name = type;
  error.stack = `${type}: ${message}\n    at work (/srv/app/work.js:1:1)`;
  return error;
}

function memory() {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { bytes: heapUsed + external, rss };
}

const answers = {
  flood,
  steady,
  call,
  memory,
  made: () => ({ tracked }),
  prototype: () => ({ polluted: {}.polluted, keys: Object.keys(Object.prototype) }),
  workers: () => ({ pids: Object.values(cluster.workers ?? {}).map((worker) => worker.process.pid) }),
};

function listenToParent() {
  process.on('message', async ({ id, ask, ...rest }) => {
    const answer = await answers[ask](rest);
    process.send({ id, answer: answer ?? {} });
  });
  process.once('disconnect', () => process.exit());
}

function serve(onPort) {
  const app = express();
  if (!isPlain) app.use(monitor.express());
  app.get('/twice/:number', (req, res) => res.json({ twice: 2 * Number(req.params.number) }));
  app.get('/refused', (_, res) => res.status(403).send('no'));
  app.get('/thrown', () => {
    throw new Error('thrown on request');
  });
  app.get('/exit/:events', (req, res) => {
    for (let i = 0; i < Number(req.params.events); i++) request('/last');
    res.once('close', () => process.exit()).end('bye');
  });
  app.use((_error, _req, res, _next) => res.status(500).send('sorry'));
  const server = app.listen(0, '127.0.0.1', () => onPort(server.address().port));
  // Longer than a flood may hold it up: a connection that is ended just as it is used again fails a request.
  server.keepAliveTimeout = 60_000;
}

if (mode === 'short') {
  for (let i = 0; i < Number(count); i++) request('/short');
  if (Number(count) % 2 === 1) process.exit();
} else if (mode === 'cluster' && cluster.isPrimary) {
  monitor.express();
  cluster.setupPrimary({ exec: fileURLToPath(import.meta.url), args: ['cluster', count] });
  const ports = new Map();
  cluster.on('listening', (worker, { port }) => {
    ports.set(worker.id, port);
    if (ports.size === Number(count)) process.send({ port });
  });
  cluster.on('exit', () => cluster.fork());
  for (let i = 0; i < Number(count); i++) cluster.fork();
  listenToParent();
} else {
  if (mode === 'single') listenToParent();
  serve((port) => mode === 'single' && process.send({ port }));
}
