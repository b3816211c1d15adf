import { execFile } from 'node:child_process';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../support/agent.ts';
import { temporaryFolder } from '../../../support/servers.ts';

const schema = `
generator client {
  provider            = "prisma-client"
  output              = "./client"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}
datasource db {
  provider = "sqlite"
}
model Contact {
  id    Int    @id @default(autoincrement())
  email String @unique
}
`;

export interface Contact {
  readonly id: number;
  readonly email: string;
}

/** What the test uses of the client that is generated. */
export interface PrismaClient {
  readonly contact: {
    create(args: { data: { email: string } }): Promise<Contact>;
    findMany(args?: object): Promise<Contact[]>;
    count(): Promise<number>;
  };
  $queryRaw(strings: TemplateStringsArray, ...values: unknown[]): Promise<unknown[]>;
  $queryRawUnsafe(sql: string): Promise<unknown[]>;
  $executeRawUnsafe(sql: string): Promise<number>;
  $transaction<T>(work: readonly Promise<unknown>[] | ((tx: PrismaClient) => Promise<T>)): Promise<unknown>;
  $extends(extension: object): PrismaClient;
  $disconnect(): Promise<void>;
}

export interface GeneratedPrisma {
  readonly folder: string;
  /** A client on a fresh database. */
  open(): Promise<PrismaClient>;
  remove(): Promise<void>;
}

/** Generates a client of Prisma 7 into a folder of its own, which needs no network. */
export async function generatePrisma(): Promise<GeneratedPrisma> {
  const folder = await temporaryFolder('nova-prisma-');
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'schema.prisma'), schema);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const command = join(projectRoot, 'node_modules/prisma/build/index.js');
  await promisify(execFile)(process.execPath, [command, 'generate', '--schema', 'schema.prisma'], {
    cwd: folder,
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' },
  });
  let databases = 0;
  return {
    folder,
    open: async () => {
      const { PrismaClient } = (await import(join(folder, 'client/client.ts'))) as {
        PrismaClient: new (options: object) => PrismaClient;
      };
      const { PrismaLibSql } = await import('@prisma/adapter-libsql');
      const url = `file:${join(folder, `database-${databases++}.db`)}`;
      const client = new PrismaClient({ adapter: new PrismaLibSql({ url }) });
      await client.$executeRawUnsafe(
        'CREATE TABLE "Contact" ("id" INTEGER PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL UNIQUE)',
      );
      return client;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
