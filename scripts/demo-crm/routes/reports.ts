import { Router } from 'express';
import type { Database } from '../database.ts';

/** Every how many pipeline reports the forecast is made anew. */
const forecastEvery = 10;
/** Twice what counts as slow: two hyperthreads that are both busy compute half as fast as one alone. */
const slowQueryMs = 1000;
const probeRows = 60_000;

/** `/api/search` and `/api/reports`: what is slow in this CRM, and why. */
export async function reportRoutes(database: Database): Promise<Router> {
  const router = Router();
  const forecastRows = await rowsThatTake(slowQueryMs, database);
  let reports = 0;

  // No index helps a search for something inside a text.
  router.get('/search', async (request, response) => {
    const contains = typeof request.query.q === 'string' ? request.query.q.slice(0, 100) : '';
    const [contacts, notes] = [
      await database.contact.findMany({ where: { name: { contains } }, take: 20 }),
      await database.note.findMany({ where: { text: { contains } }, take: 20 }),
    ];
    response.json({ contacts, notes });
  });

  // A query for each deal, and another one for its notes: N + 1.
  router.get('/reports/pipeline', async (_, response) => {
    const deals = await database.deal.findMany({ where: { stage: { in: ['lead', 'offer'] } } });
    const rows = [];
    for (const { id, title, amount, companyId } of deals) {
      const company = await database.company.findUnique({ where: { id: companyId } });
      rows.push({
        title,
        amount,
        company: company?.name,
        notes: await database.note.count({ where: { dealId: id } }),
      });
    }
    const isSlow = ++reports % forecastEvery === 0;
    response.json({ rows, forecast: isSlow ? await forecast(database, forecastRows) : undefined });
  });

  return router;
}

/** Simulates `rows` days in SQL. SQLite computes in this process, so that it holds the event loop as well. */
async function forecast(database: Database, rows: number): Promise<number> {
  const answer = await database.$queryRaw<{ total: number | bigint }[]>`
    WITH RECURSIVE day (number, total) AS (
      SELECT 1, 0 UNION ALL SELECT number + 1, total + number % 7 FROM day WHERE number < ${rows}
    )
    SELECT max(total) AS total FROM day`;
  return Number(answer[0]?.total ?? 0);
}

/**
 * How many rows of the forecast take at least about `tookMs` here. By the best of some short ones, and by CPU time
 * where that is less, so that what else the machine does at the moment counts for little. Not by less than a third of the
 * time that passed: some kernels count CPU time in steps that are longer than a short forecast.
 */
async function rowsThatTake(tookMs: number, database: Database): Promise<number> {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
    await forecast(database, probeRows);
    const { user, system } = process.cpuUsage(startCpu);
    const passedMs = performance.now() - startMs;
    bestMs = Math.min(bestMs, passedMs, Math.max((user + system) / 1000, passedMs / 3));
  }
  return Math.round((tookMs / bestMs) * probeRows);
}
