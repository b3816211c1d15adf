import { mkdir } from 'node:fs/promises';
import { type Owner, takeOwnerLock } from '../../workers/store/owner-lock.ts';
import { StoreError } from '../../workers/store/store-error.ts';
import { AgentError, messageOf } from '../errors.ts';

/**
 * Makes the data directory (0700) where there is none and takes its lock. Files made from now on are the user's own:
 * history and tokens are nobody else's business. Throws AgentError DATA_DIR_TAKEN, which
 * says who has it, or DATA_DIR_UNUSABLE.
 */
export async function prepareDataDir(dataDir: string): Promise<Owner> {
  process.umask(0o077);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AgentError('DATA_DIR_UNUSABLE', `data directory ${dataDir}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    return takeOwnerLock(dataDir);
  } catch (error) {
    const taken = error instanceof StoreError && error.code === 'owned';
    throw new AgentError(taken ? 'DATA_DIR_TAKEN' : 'DATA_DIR_UNUSABLE', messageOf(error), { cause: error });
  }
}
