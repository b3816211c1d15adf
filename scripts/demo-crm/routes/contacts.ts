import { Router } from 'express';
import { Prisma } from '../../../.cache/demo-client/client.ts';
import type { Database } from '../database.ts';
import type { AddJob } from '../job-queues.ts';
import { welcome } from '../jobs.ts';
import type { Live } from '../live.ts';
import { needUser } from '../session.ts';

const pageSize = 20;

/** `/api/contacts`; a contact that was made gets a mail. */
export function contactRoutes(database: Database, live: Live, addJob: AddJob): Router {
  const router = Router();

  router.get('/', async (request, response) => {
    const page = Math.max(1, Math.floor(Number(request.query.page ?? 1)) || 1);
    const [contacts, total] = [
      await database.contact.findMany({
        skip: (page - 1) * pageSize,
        take: pageSize,
        orderBy: { id: 'asc' },
      }),
      await database.contact.count(),
    ];
    response.json({ contacts, total });
  });

  router.post('/', needUser, async (request, response) => {
    const { name, email, companyId } = (request.body ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || typeof email !== 'string' || typeof companyId !== 'number') {
      response.status(422).json({ error: 'name, email and companyId are needed' });
      return;
    }
    try {
      const contact = await database.contact.create({ data: { name, email, phone: '', companyId } });
      live.contactChanged(contact.id);
      await addJob('emails', welcome);
      response.status(201).json(contact);
    } catch (error) {
      if (!isRefusedRow(error)) throw error;
      response.status(409).json({ error: 'there is such a contact already, or no such company' });
    }
  });

  router.get('/:id', async (request, response) => {
    const contact = await database.contact.findUnique({ where: { id: Number(request.params.id) || 0 } });
    if (contact) response.json(contact);
    else response.status(404).json({ error: 'no such contact' });
  });

  router.patch('/:id', needUser, async (request, response) => {
    const { phone } = (request.body ?? {}) as Record<string, unknown>;
    if (typeof phone !== 'string') {
      response.status(422).json({ error: 'phone is needed' });
      return;
    }
    const where = { id: Number(request.params.id) || 0 };
    const { count } = await database.contact.updateMany({ where, data: { phone } });
    if (count === 0) {
      response.status(404).json({ error: 'no such contact' });
      return;
    }
    live.contactChanged(where.id);
    response.json({ ...where, phone });
  });

  return router;
}

/** A unique e-mail address that is taken, or a company that is not there. */
function isRefusedRow(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && ['P2002', 'P2003'].includes(error.code);
}
