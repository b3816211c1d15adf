import { openReader, type Reader } from '../../workers/store/reader.ts';
import { StoreError } from '../../workers/store/store-error.ts';
import { AgentError, messageOf } from '../errors.ts';
import { storePathOf } from '../pipeline/store-path.ts';

/** Opens the history of a data directory, beside a running agent too. Throws AgentError STORE_UNREADABLE. */
export function openHistory(dataDir: string): Reader {
  try {
    return openReader(storePathOf(dataDir));
  } catch (cause) {
    const isMissing = cause instanceof StoreError && cause.code === 'missing';
    const why = isMissing
      ? `there is no history in ${dataDir} yet: start nova-agent run, or name its folder with --data-dir or -c`
      : `the history in ${dataDir} cannot be read: ${messageOf(cause)}`;
    throw new AgentError('STORE_UNREADABLE', why, { cause });
  }
}
