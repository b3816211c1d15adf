import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws AgentError HTTP_FAILED when the files cannot be read or do not fit together. */
export async function readTls(files: TlsFiles): Promise<TlsPair> {
  const read = (key: keyof TlsFiles) =>
    readFile(files[key]).catch((cause: unknown) => {
      throw new AgentError('HTTP_FAILED', `http.tls.${key}: ${messageOf(cause)}`, { cause });
    });
  const pair = { cert: await read('certFile'), key: await read('keyFile') };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new AgentError('HTTP_FAILED', `http.tls: not a PEM certificate with its key: ${messageOf(cause)}`, {
      cause,
    });
  }
  return pair;
}

/**
 * Looks every `everyMs` whether the files were changed, as by whoever renews certificates, and has new connections
 * use what they hold now. A pair that cannot be used, such as one half written, changes nothing. Gives what ends it.
 */
export function followTls(
  files: TlsFiles,
  use: (pair: TlsPair) => void,
  { log, everyMs }: { readonly log: Log; readonly everyMs: number },
): () => void {
  let known: string | undefined;
  const look = async (): Promise<void> => {
    const stats = await Promise.all([stat(files.certFile), stat(files.keyFile)]);
    const version = stats.map(({ mtimeMs, ino, size }) => `${mtimeMs} ${ino} ${size}`).join(' ');
    if (known !== undefined && version !== known) {
      use(await readTls(files));
      log.info('http: the certificate was changed; new connections use it');
    }
    known = version;
  };
  let trouble = '';
  const timer = setInterval(() => {
    look().then(
      () => {
        trouble = '';
      },
      (error: unknown) => {
        if (messageOf(error) !== trouble)
          log.warn(`http: the old certificate stays in use: ${messageOf(error)}`);
        trouble = messageOf(error);
      },
    );
  }, everyMs);
  timer.unref();
  void look().catch(() => {});
  return () => clearInterval(timer);
}
