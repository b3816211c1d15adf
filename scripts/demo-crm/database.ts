import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { Prisma, PrismaClient } from '../../.cache/demo-client/client.ts';
import { makeDatabase } from './seed.ts';
import type { Tally } from './tally.ts';

/** The client that the routes use. */
export type Database = ReturnType<typeof openDatabase>;

const slowMs = 500;

/** A fresh database in `folder`, and a client of it that counts. */
export function openDatabase(folder: string, seed: number, tally: Tally) {
  const file = join(folder, 'crm.db');
  rmSync(file, { force: true });
  makeDatabase(file, seed);
  return new PrismaClient({ adapter: new PrismaLibSql({ url: `file:${file}` }) }).$extends(counting(tally));
}

function counting(tally: Tally) {
  return Prisma.defineExtension({
    query: {
      async $allOperations({ model, operation, args, query }) {
        const name = model ? `${model}.${operation}` : operation;
        const startMs = performance.now();
        tally.count('queries', name);
        try {
          return await query(args);
        } catch (error) {
          tally.count('failedQueries', name);
          throw error;
        } finally {
          if (performance.now() - startMs > slowMs) tally.count('slowQueries', name);
        }
      },
    },
  });
}
