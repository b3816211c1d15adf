import type { ShownSilence } from '../alert-shape.ts';
import { loadNotifyFile } from '../alerts/notify-file/notify-file.ts';
import { metricWarnings } from '../alerts/rule-files/known-metrics.ts';
import { reachWarnings } from '../alerts/rule-files/label-reach.ts';
import { InvalidRules, loadRuleFiles, shownPath } from '../alerts/rule-files/rule-files.ts';
import { InvalidConfig } from '../config/resolve.ts';
import type { Config } from '../config/schema.ts';
import { AgentError, messageOf } from '../errors.ts';
import { callControl } from '../http/control-client.ts';

/** Of a configuration that does not say. */
const usualIntervalMs = 2000;

/** What a check of rules found, when nothing is wrong. */
export interface CheckedRules {
  /** One line for a person. */
  readonly summary: string;
  /** What is allowed and most likely not meant, a line each. */
  readonly warnings: readonly string[];
}

/** Whose rules, and who is told of their alerts. */
interface Checked {
  readonly rules?: readonly string[] | undefined;
  readonly notify?: string | undefined;
  readonly agent: Pick<Config['agent'], 'interval' | 'tags'>;
}

/** Checks these files or globs alone, from the working folder. Throws AgentError RULES_INVALID with every problem of each. */
export async function checkRules(
  config: Config,
  globs: readonly string[],
  cwd: string,
): Promise<CheckedRules> {
  const { problem, summary, warnings } = await check(config, globs, cwd);
  if (problem) throw refusal([problem], warnings);
  return { summary, warnings };
}

/**
 * Checks the configured rules, who is told of their alerts, and `silences`. Throws AgentError RULES_INVALID or NOTIFY_INVALID
 * with every problem of both.
 */
export async function checkAlerting(
  config: Checked,
  silences: readonly ShownSilence[],
  cwd: string,
): Promise<CheckedRules> {
  const [rules, [notify]] = await Promise.all([
    check(config, config.rules, cwd),
    Promise.allSettled([loadNotifyFile(config.notify, { env: process.env, cwd })]),
  ]);
  const { problem, groups } = rules;
  if (notify.status === 'rejected') throw refusal([problem, notify.reason], rules.warnings);
  const { routing, notices } = notify.value;
  const reach = reachWarnings(groups, commonTags(config), routing, silences);
  const warnings = [...rules.warnings, ...notices, ...reach];
  if (problem) throw refusal([problem], warnings);
  const files = notify.value.files.slice(0, 1).map((file) => `; ${shownPath(file, cwd)}: valid`);
  return { summary: `${rules.summary}${files.join('')}`, warnings };
}

/** Of a configuration that is wrong: its mistakes, and those of the rules and the notification file that it names. */
export async function withAlertingMistakes(error: unknown, cwd: string): Promise<unknown> {
  if (!(error instanceof InvalidConfig)) return error;
  const { rules, notify } = error;
  const agent = { interval: usualIntervalMs, tags: {} };
  try {
    const { warnings } = await checkAlerting({ rules, notify, agent }, [], cwd);
    return refusal([error], warnings);
  } catch (further) {
    return refusal([error, further], []);
  }
}

/** One error with all lines; the code is the first one's. What is no AgentError goes first. */
function refusal(problems: readonly unknown[], warnings: readonly string[]): unknown {
  const found = problems.filter((problem) => problem !== undefined);
  const foreign = found.find((problem) => !(problem instanceof AgentError));
  if (foreign !== undefined) return foreign;
  const [first] = found as AgentError[];
  const lines = [...found.map(messageOf), ...warnings.map((warning) => `warning: ${warning}`)];
  return new AgentError(first!.code, lines.join('\n'), { cause: first });
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

async function check(config: Pick<Checked, 'agent'>, globs: readonly string[] | undefined, cwd: string) {
  let problem: AgentError | undefined;
  const rules = await loadRuleFiles(globs, { intervalMs: config.agent.interval, cwd }).catch(
    (error: unknown) => {
      if (!(error instanceof InvalidRules)) throw error;
      problem = error;
      return error.loaded;
    },
  );
  const unknown = metricWarnings(rules.expressions, rules.groups, commonTags(config)).map(
    ({ place: { file, line, column }, message }) => `${shownPath(file, cwd)}:${line}:${column}: ${message}`,
  );
  const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0);
  const files = rules.files.map((file) => shownPath(file, cwd)).join(', ') || 'no rule files';
  const summary = `${files}: ${plural(count, 'rule')} in ${plural(rules.groups.length, 'group')}, valid`;
  return { problem, summary, warnings: [...rules.notices, ...unknown], groups: rules.groups };
}

/** Names of the tags that every point has. */
function commonTags({ agent }: Pick<Checked, 'agent'>): string[] {
  return ['host', ...Object.keys(agent.tags)];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
