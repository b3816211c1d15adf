import { basename } from 'node:path';

/** Options of node that take the next word as their value. */
const takesValue = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--env-file',
  '--title',
  '-e',
  '--eval',
  '-p',
  '--print',
]);

/** Programs that only start and watch the real one. */
const launchers = new Set(['npm', 'npx', 'yarn', 'pnpm', 'corepack', 'tsx', 'nodemon', 'pm2', 'PM2']);

/** A command line of Node taken apart. */
export interface NodeCommand {
  /** Options before the script. */
  readonly options: readonly string[];
  /** '' when there is none, as with `-e`. */
  readonly script: string;
}

/** Whether a process runs Node. `executable` is '' where it is not known; then its first argument tells. */
export function isNode(executable: string, commandLine: readonly string[]): boolean {
  const program = executable || (commandLine[0]?.split(' ')[0] ?? '');
  return /^node(?:js)?-?(?:v?[0-9][0-9.]*)?$/.test(basename(program));
}

/** A process that sets its title has all of it in one argument, with spaces. */
export function parseNodeCommand(commandLine: readonly string[]): NodeCommand {
  const words = commandLine.length === 1 ? commandLine[0]!.split(' ') : commandLine;
  let at = 1;
  while (at < words.length && words[at]!.startsWith('-')) at += takesValue.has(words[at]!) ? 2 : 1;
  return { options: words.slice(1, at), script: words[at] ?? '' };
}

/**
 * Whether a Node process is npm, npx, tsx and the like, or `node --watch`: the program that they start is another
 * Node process below them. (npm and PM2 set their title, so that their first argument begins with their name.)
 */
export function isLauncher(commandLine: readonly string[]): boolean {
  const title = basename(commandLine[0]?.split(' ')[0] ?? '');
  if (launchers.has(title)) return true;
  const { options, script } = parseNodeCommand(commandLine);
  if (options.some((option) => option.startsWith('--watch'))) return true;
  if (/\/tsx\/dist\/cli\.[cm]?js$/.test(script)) return true;
  return launchers.has(
    basename(script)
      .replace(/\.[cm]?js$/, '')
      .replace(/-cli$/, ''),
  );
}
