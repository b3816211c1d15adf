import type { RuleGroup } from '../../../workers/contract/alerts.ts';
import type { Environment } from '../../config/interpolation.ts';
import { loadNotifyFile } from '../notify-file/notify-file.ts';
import { loadRuleFiles } from '../rule-files/rule-files.ts';
import { loadTestFile } from './load-test-file.ts';
import { TestRouting } from './routing-test.ts';
import { runRuleTest } from './rule-test.ts';

export interface TestRequest {
  /** Working folder, absolute. */
  readonly cwd: string;
  /** For `${VAR}` of the notify file. */
  readonly env: Environment;
}

export interface TestFileResult {
  readonly tests: number;
  /** What is other than expected, each of some lines; empty when all tests succeed. */
  readonly differences: readonly string[];
  /** What the operator should know though nothing is wrong. */
  readonly notices: readonly string[];
}

/**
 * Runs the tests of one file in promtool's format. Throws `RULES_INVALID` or `NOTIFY_INVALID` where it, or a file that it
 * names, cannot be read.
 */
export async function runTestFile(path: string, { cwd, env }: TestRequest): Promise<TestFileResult> {
  const file = await loadTestFile(path, cwd);
  const { evaluationIntervalMs, fuzzyCompare, groupEvalOrder, notifyFile, tests } = file;
  const rules = await loadRuleFiles(file.ruleFiles, { intervalMs: evaluationIntervalMs, cwd });
  const notify = notifyFile === null ? null : await loadNotifyFile(notifyFile, { cwd, env });
  const groups = ordered(rules.groups, groupEvalOrder);
  const differences = tests.flatMap((test) => {
    const routing = notify && new TestRouting(notify.routing, test);
    return runRuleTest(test, { groups, evaluationIntervalMs, fuzzyCompare, routing });
  });
  return { tests: tests.length, differences, notices: [...rules.notices, ...(notify?.notices ?? [])] };
}

/** Those that are not named come with the first one. */
function ordered(groups: readonly RuleGroup[], names: readonly string[]): RuleGroup[] {
  const position = ({ name }: RuleGroup) => Math.max(0, names.indexOf(name));
  return [...groups].sort((a, b) => position(a) - position(b));
}
