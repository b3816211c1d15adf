import { AgentError, messageOf } from '../errors.ts';
import { findPortHolder } from './port-holder.ts';

/**
 * Why a server cannot listen, and what to do: AgentError HTTP_PORT_TAKEN with who has the port where that can be
 * found, else HTTP_FAILED.
 */
export async function listenError(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
): Promise<AgentError> {
  const place = `${bracketed(host)}:${port}`;
  if (cause.code === 'EADDRINUSE') {
    const holder = await findPortHolder(host, port);
    const who = holder ? `pid ${holder.pid} (${holder.command})` : 'another process';
    const message = `${place} is taken: ${who} listens there; choose another with http.port or --http HOST:PORT`;
    return new AgentError('HTTP_PORT_TAKEN', message, { cause, retryable: true });
  }
  const hints: Readonly<Record<string, string>> = {
    EACCES: 'ports below 1024 need a privilege; choose another with http.port or --http HOST:PORT',
    EADDRNOTAVAIL: 'http.host must be an address of this machine',
    ENOTFOUND: 'http.host must be an address of this machine',
  };
  const hint = hints[cause.code ?? ''] ?? 'see http in the configuration';
  return new AgentError('HTTP_FAILED', `cannot listen on ${place}: ${messageOf(cause)}; ${hint}`, { cause });
}

/** A host as URLs write it. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
