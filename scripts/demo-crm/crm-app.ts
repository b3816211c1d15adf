import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Database } from './database.ts';
import type { AddJob } from './job-queues.ts';
import type { Live } from './live.ts';
import { companyRoutes } from './routes/companies.ts';
import { contactRoutes } from './routes/contacts.ts';
import { dealRoutes } from './routes/deals.ts';
import { demoRoutes } from './routes/demo.ts';
import { reportRoutes } from './routes/reports.ts';
import { emailOfUser, seeded } from './seed.ts';
import { readUser } from './session.ts';
import type { Tally } from './tally.ts';

export interface CrmParts {
  readonly database: Database;
  readonly tally: Tally;
  readonly live: Live;
  /** Comes first of all middleware. */
  readonly monitoring: readonly RequestHandler[];
  /** What `/healthz` tells. */
  readonly health: () => object;
  readonly addJob: AddJob;
}

/** The HTTP API. */
export async function createCrmApp(parts: CrmParts): Promise<Express> {
  const { database, tally, live } = parts;
  const app = express();
  app.disable('x-powered-by');
  for (const middleware of parts.monitoring) app.use(middleware);
  app.use(tally.requests(), express.json(), readUser);

  app.get('/healthz', (_, response) => {
    response.json(parts.health());
  });
  app.post('/api/login', (request, response) => {
    const { email } = (request.body ?? {}) as { email?: unknown };
    const id = 1 + Array.from({ length: seeded.users }, (_, i) => emailOfUser(i + 1)).indexOf(String(email));
    if (id === 0) response.status(401).json({ error: 'no such user' });
    else response.json({ id, token: `user-${id}` });
  });
  app.get('/api/stream', (_, response) => live.stream(response));
  app.use('/api/contacts', contactRoutes(database, live, parts.addJob));
  app.use('/api/companies', companyRoutes(database));
  app.use('/api/deals', dealRoutes(database));
  app.use('/api/demo', demoRoutes(database, tally, parts.addJob));
  app.use('/api', await reportRoutes(database));

  app.use((_, response) => {
    response.status(404).json({ error: 'not found' });
  });
  app.use(answerFault(tally));
  return app;
}

/** The last handler: counts the fault, and tells the client no more than that there was one. */
function answerFault(tally: Tally): ErrorRequestHandler {
  return (error: unknown, _, response, next) => {
    tally.count('errors', error instanceof Error ? error.name : typeof error);
    if (response.headersSent) next(error);
    else response.status(statusOf(error)).json({ error: 'this went wrong' });
  };
}

/** express.json() gives its errors a status. */
function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}
