import { dirname, resolve } from 'node:path';
import { readRegularFile } from '../../config/load.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { documentLimits, RuleDocument } from '../rule-files/rule-document.ts';
import { shownPath } from '../rule-files/rule-files.ts';
import type { TestFile } from './test-file.ts';
import { TestReader } from './test-reader.ts';

/** Throws `RULES_INVALID`; its message has all problems, one a line, each with its place. */
export async function loadTestFile(path: string, cwd: string): Promise<TestFile> {
  const file = resolve(cwd, path);
  const shown = shownPath(file, cwd);
  const { bytes } = await readRegularFile(file, documentLimits.bytes).catch((error: unknown) => {
    throw new AgentError('RULES_INVALID', `${shown}:1:1: cannot read this file: ${messageOf(error)}`);
  });
  const document = new RuleDocument(file, shown, bytes);
  const read = new TestReader(document).read(dirname(file));
  if (document.problems.length === 0) return read;
  throw new AgentError('RULES_INVALID', document.linesOf(document.problems).join('\n'));
}
