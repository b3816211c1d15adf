import { Router } from 'express';
import type { Database } from '../database.ts';
import { needUser } from '../session.ts';

/** `/api/deals`, with the notes of a deal in a router of their own. */
export function dealRoutes(database: Database): Router {
  const router = Router();
  router.get('/', async (request, response) => {
    const { stage } = request.query;
    const where = typeof stage === 'string' ? { stage } : {};
    response.json(await database.deal.findMany({ where, take: 50 }));
  });
  router.use('/:dealId/notes', notesOfDeal(database));
  return router;
}

function notesOfDeal(database: Database): Router {
  const router = Router({ mergeParams: true });

  router.get('/', async (request, response) => {
    response.json(await database.note.findMany({ where: { dealId: dealOf(request.params) } }));
  });

  router.post('/', needUser, async (request, response) => {
    const { text } = (request.body ?? {}) as Record<string, unknown>;
    const dealId = dealOf(request.params);
    if (typeof text !== 'string' || text === '') {
      response.status(422).json({ error: 'text is needed' });
    } else if ((await database.deal.count({ where: { id: dealId } })) === 0) {
      response.status(404).json({ error: 'no such deal' });
    } else {
      const data = { text, dealId, authorId: request.user!.id };
      response.status(201).json(await database.note.create({ data }));
    }
  });

  return router;
}

function dealOf(params: { dealId?: string }): number {
  return Number(params.dealId) || 0;
}
