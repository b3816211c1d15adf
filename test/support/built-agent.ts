import { execFile } from 'node:child_process';
import { copyFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from './agent.ts';
import { temporaryFolder } from './servers.ts';

/** The agent as users have it: compiled, in a folder of its own, so that nobody builds it anew meanwhile. */
export interface BuiltAgent {
  /** The file of the command. */
  readonly main: string;
  remove(): Promise<void>;
}

export async function buildAgent(): Promise<BuiltAgent> {
  const folder = await temporaryFolder('nova-built-');
  for (const name of ['node_modules', 'config']) await symlink(join(projectRoot, name), join(folder, name));
  await copyFile(join(projectRoot, 'package.json'), join(folder, 'package.json'));
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const project = join(projectRoot, 'scripts/tsconfig.build.json');
  await promisify(execFile)(process.execPath, [compiler, '-p', project, '--outDir', join(folder, 'dist')]);
  const main = join(folder, 'dist/agent/main.js');
  return { main, remove: () => rm(folder, { recursive: true, force: true }) };
}
