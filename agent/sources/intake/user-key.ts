import { randomBytes } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const keyBytes = 32;

/**
 * The key that user ids are hashed with, as 64 hexadecimal digits: `user.key` in the data directory, 0600, made at
 * first use. Who calls it owns the data directory. Rejects when the file cannot be read or made, or holds no key: a
 * new key would make every user a new one.
 */
export async function readUserKey(dataDir: string): Promise<string> {
  const path = join(dataDir, 'user.key');
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (kept === undefined) return makeKey(path);
  const key = kept.trim();
  if (!/^[0-9a-f]{64}$/.test(key)) {
    throw new Error(
      `${path} holds no key of 64 hexadecimal digits; bring it back, or remove it to begin with a new one`,
    );
  }
  return key;
}

/** Whole or not there: a key cut off by a crash would be no key. */
async function makeKey(path: string): Promise<string> {
  const key = randomBytes(keyBytes).toString('hex');
  const madePath = `${path}.new`;
  await unlink(madePath).catch(() => {});
  const file = await open(madePath, 'wx', 0o600);
  try {
    await file.writeFile(`${key}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(madePath, path);
  await unlink(madePath);
  return key;
}
