import type { RequestHandler } from 'express';

/** How often each name came. */
export type Counts = Record<string, number>;

/**
 * What the CRM itself counts of what happens in it, with nothing of the agent's code in the way: the truth that tests
 * hold the agent against.
 */
export interface TallyReport {
  /** `METHOD pattern status`; 499 where the client left before there was a status. */
  readonly requests: Counts;
  /** `Model.operation`, or the operation alone for raw queries. */
  readonly queries: Counts;
  readonly failedQueries: Counts;
  /** Queries of more than 500 ms. */
  readonly slowQueries: Counts;
  /** Received events by name, `connect`, `disconnect`, and `emit:NAME` for each broadcast. */
  readonly socketEvents: Counts;
  /** Name of the class of every error that reached the error handler or a worker's `failed`. */
  readonly errors: Counts;
  /** `QUEUE/NAME completed` and `QUEUE/NAME failed`, one for each attempt. */
  readonly jobs: Counts;
}

/** Every route of the CRM. Names of parameters are those in the routers. */
const patterns = [
  '/healthz',
  '/api/login',
  '/api/contacts',
  '/api/contacts/:id',
  '/api/companies/:companyId/contacts',
  '/api/companies/:id',
  '/api/deals',
  '/api/deals/:dealId/notes',
  '/api/search',
  '/api/reports/pipeline',
  '/api/stream',
  '/api/demo/error-burst',
  '/api/demo/faults/:kind/:id',
  '/api/demo/job-burst',
  '/api/demo/stats',
  '/api/demo/wait',
].map((pattern) => ({ pattern, matches: new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`) }));

export class Tally {
  // Names come from clients too: no prototype.
  readonly #report: TallyReport = {
    requests: Object.create(null) as Counts,
    queries: Object.create(null) as Counts,
    failedQueries: Object.create(null) as Counts,
    slowQueries: Object.create(null) as Counts,
    socketEvents: Object.create(null) as Counts,
    errors: Object.create(null) as Counts,
    jobs: Object.create(null) as Counts,
  };

  count(what: keyof TallyReport, name: string): void {
    const counts = this.#report[what];
    counts[name] = (counts[name] ?? 0) + 1;
  }

  report(): TallyReport {
    return this.#report;
  }

  /** Counts every request when it is over. */
  requests(): RequestHandler {
    return (request, response, next) => {
      const { method, path } = request;
      response.once('close', () => {
        const found = patterns.find(({ matches }) => matches.test(path));
        const status = response.headersSent ? response.statusCode : 499;
        this.count('requests', `${method} ${found?.pattern ?? 'unmatched'} ${status}`);
      });
      next();
    };
  }
}
