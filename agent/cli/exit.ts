import { AgentError, type ErrorCode, messageOf } from '../errors.ts';

/** What the command line ends with. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** Wrong use or invalid configuration. */
  wrongUse: 2,
} as const;

const wrongUseCodes: ReadonlySet<ErrorCode> = new Set([
  'CONFIG_INVALID',
  'RULES_INVALID',
  'NOTIFY_INVALID',
  'USAGE',
  'QUERY_INVALID',
]);

/** Tells an error on standard error and gives the exit code that belongs to it. */
export function tellError(error: unknown): number {
  process.stderr.write(`nova-agent: ${messageOf(error)}\n`);
  if (!(error instanceof AgentError)) {
    if (error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
    return exitCodes.failed;
  }
  return wrongUseCodes.has(error.code) ? exitCodes.wrongUse : exitCodes.failed;
}
