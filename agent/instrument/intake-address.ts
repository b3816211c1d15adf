import { existsSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { defaultIntakeSocket } from '../../workers/contract/intake-place.ts';

/**
 * Where the agent listens: NOVA_AGENT_INTAKE_SOCKET (a path), else NOVA_AGENT_INTAKE (`host:port`), else the default
 * socket of the user. What cannot be read as `host:port` is as good as not set: nobody here could be told.
 */
export function intakeAddress(env: NodeJS.ProcessEnv): NetConnectOpts {
  const path = env.NOVA_AGENT_INTAKE_SOCKET;
  if (path) return { path };
  const tcp = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(env.NOVA_AGENT_INTAKE ?? '');
  const port = Number(tcp?.[3]);
  if (port > 0 && port < 65_536) return { host: tcp![1] ?? tcp![2]!, port };
  return { path: defaultIntakeSocket(process.getuid?.() ?? 0, existsSync) };
}
