import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import type { Draft } from '../../config/draft.ts';
import { readRegularFile } from '../../config/load.ts';
import { keysOf, nodeAt, type OptionNode, type Path, walk } from '../../config/option-tree.ts';
import { messageOf } from '../../errors.ts';

const mostBytes = 64 * 1024;

/**
 * For each key `X_file` that stands beside a key `X` reads the file into `X`; white space around it is cut, as Alertmanager
 * does. Where both are given the schema says so. Returns the files that were read.
 */
export async function readSecretFiles(draft: Draft, root: OptionNode): Promise<string[]> {
  const found: { holder: Path; key: string }[] = [];
  walk(draft.value, undefined, (value, _, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const keys = keysOf(nodeAt(root, path) ?? {});
    for (const key of Object.keys(keys)) {
      const isGiven = Object.hasOwn(value, `${key}_file`) && !Object.hasOwn(value, key);
      if (isGiven && keys[`${key}_file`]) found.push({ holder: path, key });
    }
  });
  const files: string[] = [];
  for (const { holder, key } of found) {
    const file = await readSecretFile(draft, holder, key);
    if (file) files.push(file);
  }
  return files;
}

async function readSecretFile(draft: Draft, holder: Path, key: string): Promise<string | undefined> {
  const keyPath = [...holder, key];
  const filePath = [...holder, `${key}_file`];
  const name = draft.get(filePath);
  // What is wrong with it the schema says.
  if (typeof name !== 'string' || name === '' || draft.gaveUp(filePath)) return undefined;
  const origin = draft.origin(filePath);
  const file = resolve(origin.folder, name);
  const shown = origin.shown ?? file;
  try {
    const { bytes, mode } = await readRegularFile(file, mostBytes);
    if (!isUtf8(bytes)) throw new Error('it is not UTF-8 text');
    const text = Buffer.from(bytes).toString().trim();
    if (text === '') throw new Error('it is empty');
    draft.set(keyPath, text, { ...origin, shown: `the text of ${shown}` });
    draft.remove(filePath);
    const isSecret = !/^(ca|cert)$/.test(key);
    if (isSecret && mode & 0o004) {
      const rights = (mode & 0o777).toString(8).padStart(4, '0');
      draft.notices.push(
        `${origin.place.text}: ${shown} can be read by every user (mode ${rights}); chmod 600 keeps it secret`,
      );
    }
    return file;
  } catch (error) {
    draft.fail(filePath, `cannot read ${shown}: ${messageOf(error)}`);
    draft.giveUp(keyPath);
    return undefined;
  }
}
