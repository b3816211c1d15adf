import { Router } from 'express';
import type { Database } from '../database.ts';

/** `/api/companies`, with the contacts of a company in a router of their own. */
export function companyRoutes(database: Database): Router {
  const router = Router();
  router.use('/:companyId/contacts', contactsOfCompany(database));
  router.get('/:id', async (request, response) => {
    const company = await database.company.findUnique({ where: { id: Number(request.params.id) || 0 } });
    if (company) response.json(company);
    else response.status(404).json({ error: 'no such company' });
  });
  return router;
}

function contactsOfCompany(database: Database): Router {
  const router = Router({ mergeParams: true });
  router.get('/', async (request, response) => {
    const { companyId } = request.params as { companyId?: string };
    response.json(await database.contact.findMany({ where: { companyId: Number(companyId) || 0 } }));
  });
  return router;
}
