import type { ShownSilence } from '../alert-shape.ts';
import { loadNotifyFile } from '../alerts/notify-file/notify-file.ts';
import { metricWarnings } from '../alerts/rule-files/known-metrics.ts';
import { reachWarnings } from '../alerts/rule-files/label-reach.ts';
import { loadRuleFiles, shownPath } from '../alerts/rule-files/rule-files.ts';
import type { Config } from '../config/schema.ts';
import { AgentError } from '../errors.ts';
import { callControl } from '../http/control-client.ts';

/** What a check of rules found, when nothing is wrong. */
export interface CheckedRules {
  /** One line for a person. */
  readonly summary: string;
  /** What is allowed and most likely not meant, a line each. */
  readonly warnings: readonly string[];
}

/** Checks these files or globs alone, from the working folder. Throws AgentError RULES_INVALID with every problem of each. */
export async function checkRules(
  config: Config,
  globs: readonly string[] | undefined,
  cwd: string,
): Promise<CheckedRules> {
  return (await check(config, globs, cwd)).checked;
}

/**
 * Checks the configured rules, who is told of their alerts, and `silences`. Throws AgentError RULES_INVALID or NOTIFY_INVALID
 * with every problem of the one or the other.
 */
export async function checkAlerting(
  config: Config,
  silences: readonly ShownSilence[],
  cwd: string,
): Promise<CheckedRules> {
  const { checked, groups } = await check(config, config.rules, cwd);
  const notify = await loadNotifyFile(config.notify, { env: process.env, cwd });
  const reach = reachWarnings(groups, commonTags(config), notify.routing, silences);
  const files = notify.files.slice(0, 1).map((file) => `; ${shownPath(file, cwd)}: valid`);
  return {
    summary: `${checked.summary}${files.join('')}`,
    warnings: [...checked.warnings, ...notify.notices, ...reach],
  };
}

/** Silences of the agent that runs on the data directory; none when none runs. */
export async function runningSilences(dataDir: string): Promise<readonly ShownSilence[]> {
  try {
    const silences = (await callControl(dataDir, 'alerts-silences', {})) as ShownSilence[];
    return silences.filter(({ status }) => status !== 'expired');
  } catch (error) {
    if (error instanceof AgentError && error.retryable) return [];
    throw error;
  }
}

async function check(config: Config, globs: readonly string[] | undefined, cwd: string) {
  const rules = await loadRuleFiles(globs, { intervalMs: config.agent.interval, cwd });
  const unknown = metricWarnings(rules.expressions, rules.groups, commonTags(config)).map(
    ({ place: { file, line, column }, message }) => `${shownPath(file, cwd)}:${line}:${column}: ${message}`,
  );
  const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0);
  const files = rules.files.map((file) => shownPath(file, cwd)).join(', ') || 'no rule files';
  const summary = `${files}: ${plural(count, 'rule')} in ${plural(rules.groups.length, 'group')}, valid`;
  return { checked: { summary, warnings: [...rules.notices, ...unknown] }, groups: rules.groups };
}

/** Names of the tags that every point has. */
function commonTags({ agent }: Config): string[] {
  return ['host', ...Object.keys(agent.tags)];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
