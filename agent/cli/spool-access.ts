import type { SpoolResult } from '../../workers/contract/tasks.ts';
import type { Config } from '../config/schema.ts';
import { AgentError } from '../errors.ts';
import { callControl } from '../http/control-client.ts';
import type { Log } from '../log.ts';
import type { ReplayReport, ReplayRequest } from '../pipeline/spool.ts';
import { startSpool } from '../spool-alone.ts';
import { prepareDataDir } from './data-dir.ts';

/** Ways to change the quarantine. */
export interface SpoolAccess {
  replay(request: ReplayRequest): Promise<ReplayReport>;
  drop(ids: readonly number[]): Promise<SpoolResult>;
  close(): Promise<void>;
}

/** Through the running agent; when there is none, by taking the lock of its store. */
export async function openSpool(config: Config, log: Log): Promise<SpoolAccess> {
  const { dataDir } = config.agent;
  if (await agentRuns(dataDir)) {
    return {
      replay: (request) => callControl(dataDir, 'spool-replay', request) as Promise<ReplayReport>,
      drop: (ids) => callControl(dataDir, 'spool-drop', { ids }) as Promise<SpoolResult>,
      close: async () => {},
    };
  }
  const owner = await prepareDataDir(dataDir);
  try {
    const spool = await startSpool(config, { log });
    return {
      ...spool,
      close: async () => {
        await spool.close();
        owner.release();
      },
    };
  } catch (error) {
    owner.release();
    throw error;
  }
}

async function agentRuns(dataDir: string): Promise<boolean> {
  try {
    await callControl(dataDir, 'status', {});
    return true;
  } catch (error) {
    if (error instanceof AgentError && error.retryable) return false;
    throw error;
  }
}
