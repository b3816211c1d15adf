import { userInfo } from 'node:os';
import { AgentError } from '../errors.ts';
import type { HttpServer } from './server.ts';
import { type Role, roles } from './tokens.ts';

/**
 * Answers the control socket's `login` with `{role, by}`: `{address}`, a login address for its first visitor. Throws
 * AgentError CONTROL_FAILED when HTTP is off, USAGE for a role that is none.
 */
export function loginCommand(server: HttpServer | null, body: unknown): { readonly address: string } {
  if (!server)
    throw new AgentError('CONTROL_FAILED', 'HTTP is switched off (http: false in the configuration)');
  const { role = 'admin', by } = (body ?? {}) as { readonly role?: Role; readonly by?: unknown };
  if (!roles.includes(role)) throw new AgentError('USAGE', `role: expected one of ${roles.join(', ')}`);
  const name = typeof by === 'string' && by !== '' ? by.slice(0, 64) : userInfo().username;
  return { address: server.loginAddress({ name, role }) };
}
