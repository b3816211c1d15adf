import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createPrismaExtension, observePrisma } from '../../../../agent/instrument/hooks/prisma.ts';
import { reportedPart } from '../../../../workers/contract/wire.ts';
import { projectRoot } from '../../../support/agent.ts';
import { type Collector, collector } from './collector.ts';
import { type GeneratedPrisma, generatePrisma } from './generated-prisma.ts';
import '../../../support/watchdog.ts';

let generated: GeneratedPrisma;
before(async () => {
  generated = await generatePrisma();
});
after(() => generated.remove());

const told = (seen: Collector): string[] =>
  seen.queries.map(({ model, operation, query, failed }) =>
    [model, operation, query, failed ? 'failed' : ''].filter(Boolean).join(' '),
  );

describe('the extension for Prisma', () => {
  test('times every operation, with its model, failures too', async () => {
    const seen = collector();
    const plain = await generated.open();
    const prisma = plain.$extends(createPrismaExtension(seen));
    const created = await prisma.contact.create({ data: { email: 'a@example.org' } });
    assert.deepEqual(created, { id: 1, email: 'a@example.org' });
    await assert.rejects(
      prisma.contact.create({ data: { email: 'a@example.org' } }),
      ({ code }: { code: string }) => code === 'P2002',
    );
    assert.equal(await prisma.contact.count(), 1);
    await plain.$disconnect();
    assert.deepEqual(told(seen), ['Contact create', 'Contact create failed', 'Contact count']);
    assert.ok(seen.queries.every(({ durationUs }) => durationUs > 0));
    assert.match(seen.queries[1]!.error, /Unique constraint/);
    assert.equal(seen.parts, reportedPart.DB);
  });

  test('tells raw queries without their values', async () => {
    const seen = collector();
    const plain = await generated.open();
    const prisma = plain.$extends(createPrismaExtension(seen));
    const secret = 'secret@example.org';
    await prisma.$queryRaw`SELECT * FROM "Contact" WHERE "email" = ${secret}`;
    await prisma.$queryRawUnsafe('SELECT 1 AS one');
    await plain.$disconnect();
    assert.deepEqual(told(seen), [
      '$queryRaw SELECT * FROM "Contact" WHERE "email" = ?',
      '$queryRawUnsafe SELECT 1 AS one',
    ]);
  });

  test('leaves transactions as they are, whole or not at all', async () => {
    const seen = collector();
    const plain = await generated.open();
    const prisma = plain.$extends(createPrismaExtension(seen));
    const add = (email: string) => prisma.contact.create({ data: { email } });
    await prisma.$transaction([add('a'), add('b')]);
    await assert.rejects(prisma.$transaction([add('c'), add('a')]));
    await prisma.$transaction(async (tx) => {
      await tx.contact.create({ data: { email: 'd' } });
      return tx.contact.count();
    });
    await assert.rejects(
      prisma.$transaction(async (tx) => {
        await tx.contact.create({ data: { email: 'e' } });
        throw new Error('changed my mind');
      }),
      /changed my mind/,
    );
    const emails = (await plain.contact.findMany()).map(({ email }) => email);
    await plain.$disconnect();
    assert.deepEqual(emails, ['a', 'b', 'd']);
    assert.equal(seen.queries.length, 7);
  });

  test("gives back the client's own types", async () => {
    const extension = join(projectRoot, 'agent/instrument/hooks/prisma.ts');
    await writeFile(
      join(generated.folder, 'typed.ts'),
      `import { createPrismaExtension } from '${extension}';
import type { PrismaClient } from './client/client.ts';
declare const plain: PrismaClient;
const prisma = plain.$extends(createPrismaExtension(null as never));
export async function typed(): Promise<void> {
  const found = await prisma.contact.findFirst({ select: { email: true } });
  const email: string | undefined = found?.email;
  // @ts-expect-error the id was not selected
  found?.id;
  // @ts-expect-error there is no such model
  prisma.nothing;
  await prisma.$transaction(async (tx) => tx.contact.count());
  void email;
}
`,
    );
    const compilerOptions = { rootDir: '/' };
    const options = {
      extends: join(projectRoot, 'tsconfig.json'),
      compilerOptions,
      files: ['typed.ts'],
      include: [],
    };
    const project = join(generated.folder, 'tsconfig.json');
    await writeFile(project, JSON.stringify(options));
    const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
    const checked = await promisify(execFile)(process.execPath, [compiler, '-p', project]).catch(
      (error) => error,
    );
    assert.equal(checked.stdout, '');
  });
});

// Last: from here on every client of this process is watched.
describe('Prisma without the extension', () => {
  test('is watched through its tracing, and once where the extension is there too', async () => {
    const seen = collector();
    observePrisma(seen);
    const plain = await generated.open();
    const prisma = plain.$extends(createPrismaExtension(seen));
    await plain.contact.create({ data: { email: 'a' } });
    await prisma.contact.findMany();
    await assert.rejects(plain.contact.create({ data: { email: 'a' } }));
    await plain.$queryRaw`SELECT 1 AS one`;
    await prisma.$transaction([prisma.contact.count(), plain.contact.count()]);
    await plain.$disconnect();
    assert.deepEqual(told(seen), [
      '$executeRaw',
      'Contact create',
      'Contact findMany',
      'Contact create failed',
      '$queryRaw',
      'Contact count',
      'Contact count',
    ]);
  });

  test("tracing of the service's own goes on", async () => {
    const spans: string[] = [];
    const globals = globalThis as { PRISMA_INSTRUMENTATION?: unknown };
    globals.PRISMA_INSTRUMENTATION = {
      helper: {
        isEnabled: () => true,
        getTraceParent: () => '00-10-10-00',
        dispatchEngineSpans: () => {},
        getActiveContext: () => undefined,
        runInChildSpan: (span: string | { name: string }, callback: (span?: unknown) => unknown) => {
          spans.push(typeof span === 'string' ? span : span.name);
          return callback();
        },
      },
    };
    const plain = await generated.open();
    assert.equal(await plain.contact.count(), 0);
    await plain.$disconnect();
    globals.PRISMA_INSTRUMENTATION = undefined;
    assert.ok(spans.includes('operation') && spans.includes('db_query'), spans.join());
  });
});
