import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/agent.ts';

/** Builds dist/, which is what is measured, when a source is newer. Throws when it cannot be built. */
export function ensureBuilt(): void {
  const main = join(projectRoot, 'dist/agent/main.js');
  const builtMs = existsSync(main) ? statSync(main).mtimeMs : 0;
  const newestMs = Math.max(...['agent', 'workers'].map((folder) => newestOf(join(projectRoot, folder))));
  if (newestMs <= builtMs) return;
  const { status, stdout, stderr } = spawnSync('npm', ['run', 'build'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
}

/** When the newest source below a folder was changed, in milliseconds since 1970. */
function newestOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(
    ...files.filter((file) => file.endsWith('.ts')).map((file) => statSync(join(folder, file)).mtimeMs),
  );
}
