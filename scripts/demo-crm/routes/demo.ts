import { setTimeout as sleep } from 'node:timers/promises';
import { type Request, Router } from 'express';
import type { Database } from '../database.ts';
import { faultKinds, faults } from '../faults.ts';
import type { AddJob } from '../job-queues.ts';
import { brokenExport, welcome } from '../jobs.ts';
import { seededRandom } from '../random.ts';
import type { Counts, Tally } from '../tally.ts';

const mostAtOnce = 10_000;
const lanes = 8;
const longestWaitMs = 5000;

/** `/api/demo`: faults, jobs and waits on request, and what the CRM counted. */
export function demoRoutes(database: Database, tally: Tally, addJob: AddJob): Router {
  const router = Router();
  const random = seededRandom(1);

  /** `?count=N` faults, of every kind in turn, each in a request of its own. */
  router.post('/error-burst', async (request, response) => {
    const count = wholeNumber(request.query.count, 60, mostAtOnce);
    response.json({ raised: await raise(count, request) });
  });

  /** `?count=N` jobs, every other one of which fails. */
  router.post('/job-burst', async (request, response) => {
    const count = wholeNumber(request.query.count, 20, mostAtOnce);
    for (let i = 0; i < count; i++)
      await (i % 2 === 0 ? addJob('emails', welcome) : addJob('campaigns', brokenExport));
    response.json({ added: count });
  });

  router.get('/faults/:kind/:id', async (request, response) => {
    const fault = Object.hasOwn(faults, request.params.kind) ? faults[request.params.kind] : undefined;
    if (!fault) response.status(404).json({ error: `no such fault; there are ${faultKinds.join(', ')}` });
    else response.json(await fault(wholeNumber(request.params.id, 1, 1_000_000), database));
  });

  /** Answers after `?from=` to `?to=` ms. */
  router.get('/wait', async (request, response) => {
    const from = wholeNumber(request.query.from, 10, longestWaitMs);
    const to = wholeNumber(request.query.to, 60, longestWaitMs);
    await sleep(from + random() * Math.max(0, to - from));
    response.json({ from, to });
  });

  router.get('/stats', (_, response) => {
    response.json(tally.report());
  });

  return router;
}

/** Asks our own route for `count` faults, some at a time; resolves with how many of each kind there were. */
async function raise(count: number, { socket, headers }: Request): Promise<Counts> {
  const raised: Counts = {};
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const number = next++;
      const kind = faultKinds[number % faultKinds.length]!;
      const url = `http://127.0.0.1:${socket.localPort}/api/demo/faults/${kind}/${number + 1}`;
      const { authorization } = headers;
      const answer = await fetch(url, { headers: authorization ? { authorization } : {} });
      await answer.arrayBuffer();
      raised[kind] = (raised[kind] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return raised;
}

/** `value` as a whole number of 0 to `most`; `otherwise` when it is none. */
function wholeNumber(value: unknown, otherwise: number, most: number): number {
  const number = typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number >= 0 && number <= most ? number : otherwise;
}
