import type { RuleGroup } from '../../workers/contract/alerts.ts';
import { AgentError, messageOf } from '../errors.ts';
import { type LoadedNotify, loadNotifyFile } from './notify-file/notify-file.ts';
import { loadRuleFiles } from './rule-files/rule-files.ts';

/** Rules and who is told, as their files have them. */
export interface Alerting {
  readonly groups: readonly RuleGroup[];
  readonly notify: LoadedNotify;
}

export interface LoadedAlerting extends Alerting {
  /** Absolute paths of every file that was read: those to watch. */
  readonly files: readonly string[];
  /** What the operator should know though nothing is wrong. */
  readonly notices: readonly string[];
}

export interface AlertingRequest {
  readonly rules: readonly string[] | undefined;
  readonly notify: string | undefined;
  readonly intervalMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working folder, absolute. */
  readonly cwd: string;
}

/**
 * Reads rule files and notify.yml. Touches no network. Throws AgentError RULES_INVALID or NOTIFY_INVALID with every
 * problem of both.
 */
export async function loadAlerting(request: AlertingRequest): Promise<LoadedAlerting> {
  const { rules, notify, intervalMs, env, cwd } = request;
  const [loaded, notifications] = await allOf([
    loadRuleFiles(rules, { intervalMs, cwd }),
    loadNotifyFile(notify, { env, cwd }),
  ]);
  return {
    groups: loaded.groups,
    notify: notifications,
    files: [...loaded.files, ...notifications.files],
    notices: [...loaded.notices, ...notifications.notices],
  };
}

/** All results, or one AgentError with the problems of every one that failed and the code of the first. */
async function allOf<T extends readonly unknown[]>(
  parts: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const settled = await Promise.allSettled(parts);
  const failed = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const [first] = failed;
  const foreign = failed.find((error) => !(error instanceof AgentError));
  if (foreign !== undefined) throw foreign;
  if (first instanceof AgentError)
    throw new AgentError(first.code, failed.map(messageOf).join('\n'), { cause: first });
  return settled.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
