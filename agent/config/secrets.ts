import { isUtf8 } from 'node:buffer';
import type { Draft } from './draft.ts';
import { keysOf, type OptionNode, type Path, walk } from './option-tree.ts';
import { resolvePath } from './paths.ts';

const mostBytes = 64 * 1024;

export interface FileText {
  readonly bytes: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** Reads a regular file of at most `mostBytes`; rejects with an `Error` whose message says in words why it cannot. */
export type ReadFile = (path: string, mostBytes: number) => Promise<FileText>;

/**
 * For each secret given by a `…File` key reads the file into the plain key; one trailing line break is cut.
 * Returns the files that were read. Of key and file key the one of higher rank counts; of the same rank both are a
 * problem.
 */
export async function readSecretFiles(
  draft: Draft,
  root: OptionNode,
  readFile: ReadFile,
  home: string,
): Promise<string[]> {
  const found: { path: Path; key: string }[] = [];
  walk(draft.value, root, (value, node, path) => {
    if (!node || typeof value !== 'object' || value === null) return;
    const keys = keysOf(node);
    for (const [key, { secret }] of Object.entries(keys)) {
      if (secret && keys[`${key}File`] && draft.get([...path, `${key}File`]) !== undefined)
        found.push({ path, key });
    }
  });
  const files: string[] = [];
  for (const { path, key } of found) {
    const file = await readSecretFile(draft, path, key, readFile, home);
    if (file) files.push(file);
  }
  return files;
}

async function readSecretFile(
  draft: Draft,
  holder: Path,
  key: string,
  readFile: ReadFile,
  home: string,
): Promise<string | undefined> {
  const keyPath = [...holder, key];
  const filePath = [...holder, `${key}File`];
  const name = draft.get(filePath);
  const origin = draft.origin(filePath);
  if (draft.get(keyPath) !== undefined) {
    const other = draft.origin(keyPath).place;
    if (other.rank === origin.place.rank) {
      draft.fail(filePath, `give ${key} or ${key}File, not both`);
      draft.giveUp(keyPath);
      return undefined;
    }
    const plainWins = other.rank === 'flag' || origin.place.rank === 'file';
    draft.remove(plainWins ? filePath : keyPath);
    if (plainWins) return undefined;
  }
  // Left to the schema, which says what is wrong with it.
  if (typeof name !== 'string' || name === '' || draft.gaveUp(filePath)) {
    draft.giveUp(keyPath);
    return undefined;
  }
  const file = resolvePath(name, origin.folder, home);
  const shown = origin.shown ?? file;
  try {
    const { bytes, mode } = await readFile(file, mostBytes);
    if (!isUtf8(bytes)) throw new Error('it is not UTF-8 text');
    const text = Buffer.from(bytes)
      .toString()
      .replace(/\r?\n$/, '');
    if (text === '') throw new Error('it is empty');
    draft.set(keyPath, text, { ...origin, shown: `the text of ${shown}` });
    draft.remove(filePath);
    if (mode & 0o004) {
      const rights = (mode & 0o777).toString(8).padStart(4, '0');
      draft.notices.push(
        `${origin.place.text}: ${shown} can be read by every user (mode ${rights}); chmod 600 keeps it secret`,
      );
    }
    return file;
  } catch (error) {
    draft.fail(filePath, `cannot read ${shown}: ${(error as Error).message}`);
    draft.giveUp(keyPath);
    return undefined;
  }
}
