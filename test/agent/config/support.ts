import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Overrides } from '../../../agent/config/flags.ts';
import { type LoadedConfig, loadConfig } from '../../../agent/config/load.ts';
import { AgentError } from '../../../agent/errors.ts';

export interface Given {
  /** Text of agent.yml; none when absent. */
  readonly yaml?: string | Uint8Array | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly flags?: Overrides | undefined;
  /** Further files in the same folder. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
}

/** A folder of its own for the test, removed at its end. */
export async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nova-config-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Loads `agent.yml` from a folder of its own, with nothing of this process's environment. */
export async function load(
  t: TestContext,
  { yaml, env = {}, flags = {}, files = {} }: Given,
): Promise<LoadedConfig> {
  const folder = await folderFor(t);
  const all = yaml === undefined ? files : { ...files, 'agent.yml': yaml };
  for (const [name, content] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content, { mode: 0o600 });
  }
  const path = yaml === undefined ? undefined : 'agent.yml';
  return loadConfig({ path, env: { HOME: '/home/op', ...env }, overrides: flags, cwd: folder });
}

/** A part that is not switched off. */
export function on<T extends object>(part: T | false): T {
  if (part === false) throw new Error('this part is switched off');
  return part;
}

/** The lines of the refusal; '' when the configuration is taken. */
export async function refusal(t: TestContext, given: Given): Promise<string> {
  try {
    await load(t, given);
    return '';
  } catch (error) {
    if (error instanceof AgentError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
}
