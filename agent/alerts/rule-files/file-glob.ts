import { type Dirent, existsSync } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';

/** Folders and files that one glob looks at; more are an error, not a silence. */
const mostEntries = 20_000;

/** Whether a path is a pattern, and not the name of one file. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * Regular files that fit an absolute pattern, sorted. `*` is any part of a name, `?` one character, `[a-z]` one of these,
 * `**` as a whole name any number of folders. Names that begin with a dot fit only patterns that do; `**` follows no
 * symbolic links. Rejects when there are too many to look at, or a folder cannot be read.
 */
export async function filesOf(pattern: string): Promise<string[]> {
  const { root } = parse(pattern);
  const names = pattern
    .slice(root.length)
    .split(sep)
    .filter((name) => name !== '');
  const budget = { left: mostEntries };
  const found = await walk(root, names, budget);
  return [...new Set(found)].sort();
}

async function walk(folder: string, names: readonly string[], budget: { left: number }): Promise<string[]> {
  const [name, ...rest] = names;
  if (name === undefined) return [];
  const path = join(folder, name);
  // A name that is there is meant as it stands, whatever is in it.
  if (!isGlob(name) || existsSync(path)) {
    return rest.length > 0 ? walk(path, rest, budget) : (await isFile(path)) ? [path] : [];
  }
  const found: string[] = [];
  const fits = name === '**' ? undefined : nameTest(name);
  if (!fits) found.push(...(await walk(folder, rest, budget)));
  for (const entry of await entriesOf(folder, budget)) {
    const path = join(folder, entry.name);
    if (!fits) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        found.push(...(await walk(path, names, budget)));
      // A last `**` is every file below.
      else if (rest.length === 0 && !entry.name.startsWith('.') && (await isFile(path))) found.push(path);
    } else if (fits.test(entry.name)) {
      if (rest.length > 0) found.push(...(await walk(path, rest, budget)));
      else if (await isFile(path)) found.push(path);
    }
  }
  return found;
}

async function entriesOf(folder: string, budget: { left: number }): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    budget.left -= entries.length;
    if (budget.left < 0) throw new Error(`more than ${mostEntries} files and folders to look at`);
    return entries;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  // A link that leads nowhere is found, so that reading it says so.
  return found?.isFile() ?? (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false;
}

function nameTest(name: string): RegExp {
  const source = name.replace(
    /\[(!|\^)?([^\]]+)\]|[*?]|[^*?[]+|\[/g,
    (part, not: string | undefined, set?: string) => {
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\[\]^]/g, '\\$&')}]`;
      return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    },
  );
  return new RegExp(`^${name.startsWith('.') ? '' : '(?!\\.)'}${source}$`, 's');
}
