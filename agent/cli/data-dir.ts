import { type Owner, takeOwnerLock } from '../../workers/store/owner-lock.ts';
import { StoreError } from '../../workers/store/store-error.ts';
import { AgentError, messageOf } from '../errors.ts';
import { makeDataFolder } from '../pipeline/data-folder.ts';

/**
 * Makes the data directory (0700) where there is none and takes its lock. Files made from now on are the user's own:
 * history and tokens are nobody else's business. Throws AgentError DATA_DIR_TAKEN, which says who has it, or
 * DATA_DIR_UNUSABLE.
 */
export async function prepareDataDir(dataDir: string): Promise<Owner> {
  process.umask(0o077);
  try {
    await makeDataFolder(dataDir);
  } catch (cause) {
    throw unusable(dataDir, cause);
  }
  try {
    return takeOwnerLock(dataDir);
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'owned') throw unusable(dataDir, cause);
    const hint = 'end that one, or choose another folder with agent.dataDir or --data-dir';
    throw new AgentError('DATA_DIR_TAKEN', `${cause.message}; ${hint}`, { cause });
  }
}

function unusable(dataDir: string, cause: unknown): AgentError {
  const hint = 'choose a folder of this user with agent.dataDir or --data-dir';
  return new AgentError('DATA_DIR_UNUSABLE', `data directory ${dataDir}: ${messageOf(cause)}; ${hint}`, {
    cause,
  });
}
