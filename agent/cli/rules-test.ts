import { dirname, join, resolve } from 'node:path';
import { runTestFile } from '../alerts/proof/test-run.ts';
import { filesOf, isGlob } from '../alerts/rule-files/file-glob.ts';
import { loadRuleFiles, shownPath } from '../alerts/rule-files/rule-files.ts';
import type { Config } from '../config/schema.ts';
import { AgentError, messageOf } from '../errors.ts';
import { exitCodes } from './exit.ts';

/** Runs files of rule tests, by their paths or globs; without any, those beside the configured rules. Gives the exit code. */
export async function testRules(config: Config, globs: readonly string[], cwd: string): Promise<number> {
  const files = globs.length > 0 ? await named(globs, cwd) : await besideRules(config, cwd);
  let exitCode: number = exitCodes.done;
  for (const file of files) {
    process.stdout.write(`Unit Testing:  ${shownPath(file, cwd)}\n`);
    try {
      const { differences, notices } = await runTestFile(file, { cwd, env: process.env });
      for (const notice of notices) process.stderr.write(`warning: ${notice}\n`);
      process.stdout.write(
        differences.length === 0 ? '  SUCCESS\n\n' : `  FAILED:\n${differences.join('\n\n')}\n\n`,
      );
      if (differences.length > 0) exitCode = Math.max(exitCode, exitCodes.failed);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      process.stdout.write(`  FAILED: it cannot be run\n\n`);
      process.stderr.write(`${messageOf(error)}\n`);
      exitCode = exitCodes.wrongUse;
    }
  }
  return exitCode;
}

async function named(globs: readonly string[], cwd: string): Promise<string[]> {
  const found = new Set<string>();
  for (const glob of globs) {
    const path = resolve(cwd, glob);
    const files = isGlob(path) ? await filesOf(path) : [path];
    if (files.length === 0) throw new AgentError('RULES_INVALID', `no file fits ${glob}`);
    for (const file of files) found.add(file);
  }
  return [...found];
}

async function besideRules(config: Config, cwd: string): Promise<string[]> {
  const { files } = await loadRuleFiles(config.rules, { intervalMs: config.agent.interval, cwd });
  const folders = new Set(files.map((file) => dirname(file)));
  const found: string[] = [];
  for (const folder of folders) found.push(...(await filesOf(join(folder, '*.test.y*ml'))));
  if (found.length === 0)
    throw new AgentError('RULES_INVALID', 'there are no rule tests (*.test.yml) beside the rule files');
  return found;
}
