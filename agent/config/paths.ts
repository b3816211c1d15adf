import { resolve } from 'node:path';
import type { Draft } from './draft.ts';
import { type OptionNode, walk } from './option-tree.ts';

/** An absolute path: `~/` is the home folder, relative ones start from `folder`. */
export function resolvePath(text: string, folder: string, home: string): string {
  if (text === '~' || text.startsWith('~/')) return resolve(home, text.slice(2));
  return resolve(folder, text);
}

/** Makes every path in the draft absolute: a file's from the file's own folder, others from the working folder. */
export function resolvePaths(draft: Draft, root: OptionNode, home: string): void {
  walk(draft.value, root, (value, node, path) => {
    if (!node?.path || typeof value !== 'string' || value === '') return;
    const origin = draft.origin(path);
    draft.set(path, resolvePath(value, origin.folder, home), origin);
  });
}
