import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { AgentError, messageOf } from '../errors.ts';

/** In dist/ the compiled file lies where the source does in the project; only its ending differs. */
export function taskFile(url: URL): string {
  const source = fileURLToPath(url);
  return existsSync(source) ? source : source.replace(/\.ts$/, '.js');
}

/** Runs the task `name` of a worker, which is ended and replaced when that is not done in `deadlineMs`. Throws AgentError WORKER_FAILED. */
export async function runTask<T>(
  pool: Piscina,
  name: string,
  task: unknown,
  { deadlineMs, filename }: { readonly deadlineMs: number; readonly filename?: string | undefined },
): Promise<T> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), deadlineMs);
  try {
    return (await pool.run(task, { name, signal: ended.signal, ...(filename && { filename }) })) as T;
  } catch (error) {
    const why = ended.signal.aborted
      ? `not done in ${deadlineMs} ms; the worker is replaced`
      : messageOf(error);
    throw new AgentError('WORKER_FAILED', `worker task ${name}: ${why}`, { cause: error, retryable: true });
  } finally {
    clearTimeout(timer);
  }
}
