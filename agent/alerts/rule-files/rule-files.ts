import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RuleGroup } from '../../../workers/contract/alerts.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { filesOf, isGlob } from './file-glob.ts';
import { documentLimits } from './rule-document.ts';
import { type RuleFile, readRuleFile } from './rule-file.ts';
import type { RuleExpression } from './rule-reader.ts';

const mostFiles = 256;
/** A file that is empty for longer is meant to be. */
const restMs = 200;
/** Lines of a message: who wrote one mistake a thousand times need not read them all. */
const mostProblems = 200;

export interface RuleFilesRequest {
  /** Of groups that have none of their own. */
  readonly intervalMs: number;
  /** Working folder, absolute. */
  readonly cwd: string;
}

export interface LoadedRules {
  readonly groups: readonly RuleGroup[];
  /** Absolute paths of the files, for whoever watches them. */
  readonly files: readonly string[];
  /** What the operator should know though nothing is wrong. */
  readonly notices: readonly string[];
  /** Every expression of the rules, with its place. */
  readonly expressions: readonly RuleExpression[];
}

/** Rule files that cannot be used, with what could be read of them all the same. */
export class InvalidRules extends AgentError {
  readonly loaded: LoadedRules;

  constructor(message: string, loaded: LoadedRules) {
    super('RULES_INVALID', message);
    this.loaded = loaded;
  }
}

/**
 * Reads the rule files that the globs name; without globs config/rules/*.yml of the working folder where there are any,
 * else the shipped rules. Files of rule tests (`*.test.yml`) are not rules. Throws `InvalidRules`; its message has all
 * problems of all files, one a line, each with its place.
 */
export async function loadRuleFiles(
  globs: readonly string[] | undefined,
  { intervalMs, cwd }: RuleFilesRequest,
): Promise<LoadedRules> {
  const problems: string[] = [];
  const notices: string[] = [];
  const paths = globs ? await findFiles(globs, cwd, { problems, notices }) : await usualFiles(cwd);
  if (paths.length > mostFiles) problems.push(`${paths.length} rule files; at most ${mostFiles} are taken`);
  const files: RuleFile[] = [];
  const taken = paths.slice(0, mostFiles);
  const contents = await Promise.allSettled(taken.map(readBytes));
  for (const [i, path] of taken.entries()) {
    const shownFile = shownPath(path, cwd);
    const content = contents[i]!;
    try {
      if (content.status === 'rejected') throw content.reason;
      const file = readRuleFile(path, shownFile, content.value, intervalMs);
      problems.push(...file.document.linesOf(file.document.problems));
      notices.push(...file.document.linesOf(file.document.notices));
      files.push(file);
    } catch (error) {
      problems.push(`${shownFile}:1:1: cannot read this file: ${messageOf(error)}`);
    }
  }
  const loaded = {
    groups: files.flatMap(({ groups }) => groups),
    files: paths,
    notices,
    expressions: files.flatMap(({ expressions }) => expressions),
  };
  if (problems.length > 0) throw new InvalidRules(cut(problems).join('\n'), loaded);
  return loaded;
}

/** A path as messages show it: from the working folder where it is below. */
export function shownPath(path: string, cwd: string): string {
  const fromHere = relative(cwd, path);
  return fromHere.startsWith('..') || fromHere === '' ? path : fromHere;
}

async function findFiles(
  globs: readonly string[],
  cwd: string,
  { problems, notices }: { problems: string[]; notices: string[] },
): Promise<string[]> {
  const found = new Set<string>();
  for (const glob of globs) {
    const path = resolve(cwd, glob);
    const shown = shownPath(path, cwd);
    if (!isGlob(path) || existsSync(path)) {
      if (isTestFile(path))
        problems.push(`${shown}:1:1: this is a file of rule tests: nova-agent rules test runs it`);
      else found.add(path);
      continue;
    }
    try {
      const fitting = (await filesOf(path)).filter((file) => !isTestFile(file));
      if (fitting.length === 0) notices.push(`rules: no file fits ${shown}`);
      for (const file of fitting) found.add(file);
    } catch (error) {
      problems.push(`${shown}: cannot look for rule files: ${messageOf(error)}`);
    }
  }
  return [...found];
}

/** Those of the working folder, else the shipped ones. */
async function usualFiles(cwd: string): Promise<string[]> {
  for (const folder of [cwd, packageFolder()]) {
    const files = await filesOf(join(folder, 'config', 'rules', '*.yml'));
    const rules = files.filter((file) => !isTestFile(file));
    if (rules.length > 0) return rules;
  }
  throw new AgentError('RULES_INVALID', 'the rules that come with nova-agent are missing: install it anew');
}

/** Where package.json lies: from the source as from dist/. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function isTestFile(path: string): boolean {
  return /\.test\.ya?ml$/.test(path);
}

/** Who saves a file often empties it first, and without its rules all that fires would be over: it is looked at again. */
async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await readOnce(path);
  if (bytes.length > 0) return bytes;
  await sleep(restMs);
  return readOnce(path);
}

async function readOnce(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error('there is no such file') : error;
  });
  if (!found.isFile()) throw new Error(`it is ${found.isDirectory() ? 'a folder' : 'not a regular file'}`);
  if (found.size > documentLimits.bytes)
    throw new Error(`it has ${found.size} bytes; at most ${documentLimits.bytes} are taken`);
  return readFile(path);
}

function cut(problems: readonly string[]): readonly string[] {
  const more = problems.length - mostProblems;
  return more > 0 ? [...problems.slice(0, mostProblems), `and ${more} more problems`] : problems;
}
