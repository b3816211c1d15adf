import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../log.ts';

const keyBytes = 32;

/**
 * The key that user ids are hashed with, as 64 hexadecimal digits: `user.key` in the data directory, 0600, made at
 * first use. Who calls it owns the data directory. A key that others may read gets its mode back, and `log` is told.
 * Rejects when the file cannot be read or made, is another user's or no plain file, or holds no key: a new key would
 * make every user a new one.
 */
export async function readUserKey(dataDir: string, log?: Pick<Log, 'warn'>): Promise<string> {
  const path = join(dataDir, 'user.key');
  const file = await openKey(path);
  if (file === undefined) return makeKey(path);
  try {
    await makePrivate(file, path, log);
    const key = (await file.readFile('utf8')).trim();
    if (/^[0-9a-f]{64}$/.test(key)) return key;
  } finally {
    await file.close();
  }
  throw new Error(
    `${path} holds no key of 64 hexadecimal digits; bring it back, or remove it to begin with a new one`,
  );
}

/** Undefined when there is none. What is asked of the open file holds, whatever is put in its place meanwhile. */
function openKey(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ELOOP') throw new Error(`${path} is a symbolic link; it must be the key file itself`);
    throw error;
  });
}

async function makePrivate(file: FileHandle, path: string, log?: Pick<Log, 'warn'>): Promise<void> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error(`${path} is not a file; move it away to begin with a new key`);
  const uid = process.getuid?.() ?? stat.uid;
  if (stat.uid !== uid)
    throw new Error(`${path} belongs to user ${stat.uid}, not to ${uid} that the agent runs as; chown it`);
  const mode = stat.mode & 0o7777;
  if ((mode & 0o077) === 0) return;
  await file.chmod(0o600);
  log?.warn(
    `${path} was open to others (mode ${mode.toString(8)}) and now is 600; what they read stays known`,
  );
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
