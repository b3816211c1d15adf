import { isAbsolute, join } from 'node:path';
import type { Draft, Origin } from './draft.ts';
import type { Environment } from './interpolation.ts';

/** What defaults are made of beside the schema. */
export interface Surroundings {
  readonly environment: Environment;
  readonly hostname: string;
  /** Home folder. */
  readonly home: string;
  /** Working folder. */
  readonly folder: string;
}

/** Fills in the defaults that depend on the environment; all others are the schema's. */
export function applyDefaults(draft: Draft, surroundings: Surroundings): void {
  const { environment, folder } = surroundings;
  const from = (variable: string): Origin => {
    const place = { text: variable, rank: 'environment', offset: -1 } as const;
    return { place, keyPlace: place, folder };
  };
  if (draft.get(['agent', 'dataDir']) === undefined)
    draft.set(['agent', 'dataDir'], dataDir(surroundings), from('STATE_DIRECTORY'));
  if (draft.get(['agent', 'tags', 'host']) === undefined)
    draft.set(['agent', 'tags', 'host'], surroundings.hostname, from('the host name'));

  const redisUrl = environment.REDIS_URL;
  if (!redisUrl) return;
  if (draft.get(['queues']) === undefined) draft.set(['queues'], [{}], from('REDIS_URL'));
  const queues = draft.get(['queues']);
  for (const [i, entry] of Array.isArray(queues) ? queues.entries() : []) {
    if (isMap(entry) && entry.redis === undefined)
      draft.set(['queues', i, 'redis'], redisUrl, from('REDIS_URL'));
  }
  const redis = draft.get(['redis']);
  if (redis === undefined || (isMap(redis) && redis.url === undefined))
    draft.set(['redis', 'url'], redisUrl, from('REDIS_URL'));
}

/** Systemd's state folder, else the user's, https://specifications.freedesktop.org/basedir-spec/latest/ . */
function dataDir({ environment, home }: Surroundings): string {
  const [first] = (environment.STATE_DIRECTORY ?? '').split(':');
  if (first) return first;
  const state = environment.XDG_STATE_HOME;
  return join(state && isAbsolute(state) ? state : join(home, '.local', 'state'), 'nova-agent');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
