import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkHello } from './hello.ts';
import type { Remembered } from './instances.ts';

const fileName = 'intake.json';

/**
 * Takes what the run before left in the data directory; nothing when it did not end in order: what is older than the
 * last run would count events as lost that it has counted already. Never rejects.
 */
export async function takeMemory(dataDir: string): Promise<Remembered[]> {
  const path = join(dataDir, fileName);
  try {
    const entries = JSON.parse(await readFile(path, 'utf8')) as unknown;
    await unlink(path);
    return Array.isArray(entries) ? entries.flatMap((entry) => checked(entry) ?? []) : [];
  } catch {
    return [];
  }
}

/** Leaves it for the next run: the whole file or none. */
export async function leaveMemory(dataDir: string, instances: readonly Remembered[]): Promise<void> {
  const path = join(dataDir, fileName);
  await writeFile(`${path}.new`, JSON.stringify(instances), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function checked(entry: Partial<Remembered> | null): Remembered | undefined {
  const { process, isConfigured, slot, next, cutEnd } = entry ?? {};
  const hello = checkHello(entry?.hello ?? null);
  if (typeof hello === 'string' || typeof process !== 'string' || typeof isConfigured !== 'boolean')
    return undefined;
  if (!Number.isSafeInteger(slot) || !Number.isSafeInteger(next) || !Number.isSafeInteger(cutEnd))
    return undefined;
  return { hello, process, isConfigured, slot: slot!, next: next!, cutEnd: cutEnd! };
}
