import type { Draft } from '../../config/draft.ts';
import { nodeAt, type OptionNode, typesOf, walk } from '../../config/option-tree.ts';

const booleans: Readonly<Record<string, boolean>> = {
  ...{ yes: true, on: true, true: true, y: true },
  ...{ no: false, off: false, false: false, n: false },
};

/**
 * Alertmanager reads YAML 1.1 into typed fields: keys without a value are as good as not there, numbers are texts where
 * texts belong, `yes` and `off` are true and false. `source` is the text of the file.
 */
export function convertValues(draft: Draft, root: OptionNode, source: string): void {
  walk(draft.value, undefined, (value, _, path) => {
    const node = nodeAt(root, path);
    if (!node || path.length === 0) return;
    const origin = draft.origin(path);
    const types = typesOf(node);
    if (value === null && typeof path.at(-1) === 'string') {
      draft.remove(path);
    } else if ((typeof value === 'number' || typeof value === 'boolean') && isOnly(types, 'string')) {
      draft.set(path, plainText(source, origin.place.offset) || String(value), origin);
    } else if (typeof value === 'string' && isOnly(types, 'boolean')) {
      const word = booleans[value.toLowerCase()];
      const isPlain = origin.loose || !/["']/.test(source[origin.place.offset] ?? '');
      if (word !== undefined && isPlain) draft.set(path, word, origin);
    }
  });
}

function isOnly(types: ReadonlySet<string>, type: string): boolean {
  return types.size === 1 && types.has(type);
}

/** A number as it is written: `1.10`, `0500`. */
function plainText(source: string, offset: number): string {
  return /^[^\s,#[\]{}]*/.exec(source.slice(offset, offset + 100))![0];
}
