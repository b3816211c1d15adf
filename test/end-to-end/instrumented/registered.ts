import { execFile } from 'node:child_process';
import { copyFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../support/agent.ts';
import { temporaryFolder } from '../../support/servers.ts';

/** The library as users have it, and the options that make node load it first. */
export interface Registered {
  readonly options: readonly string[];
  readonly instrument: string;
  remove(): Promise<void>;
}

/** Compiles what a service loads, and only that, into a folder of its own. */
export async function buildRegistered(): Promise<Registered> {
  const folder = await temporaryFolder('nova-registered-');
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  await copyFile(join(projectRoot, 'package.json'), join(folder, 'package.json'));
  const sources = ['register', 'instrument'].map((name) => join(projectRoot, `agent/instrument/${name}.ts`));
  const project = join(folder, 'tsconfig.json');
  const compilerOptions = { rootDir: projectRoot, outDir: join(folder, 'dist') };
  const extended = join(projectRoot, 'scripts/tsconfig.build.json');
  await writeFile(
    project,
    JSON.stringify({ extends: extended, compilerOptions, files: sources, include: [] }),
  );
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', project]);
  const built = join(folder, 'dist/agent/instrument');
  return {
    options: ['--import', join(built, 'register.js')],
    instrument: join(built, 'instrument.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
