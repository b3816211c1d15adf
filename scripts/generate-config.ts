/** Writes what derives from the configuration's schema, the catalogue and the error table; run it after changing one. */
import { writeFile } from 'node:fs/promises';
import { notifySchema } from '../agent/alerts/notify-file/notify-schema.ts';
import { optionTree } from '../agent/config/option-tree.ts';
import { configSchema } from '../agent/config/schema.ts';
import { editorSchema } from './generate-config/editor-schema.ts';
import { reference } from './generate-config/reference.ts';
import { sample } from './generate-config/sample.ts';

const root = new URL('../', import.meta.url);

/** Path below the project's root to text. */
export function generatedFiles(): Record<string, string> {
  const tree = optionTree(configSchema);
  return {
    'config/agent.yml': sample(tree),
    'config/schema/agent.schema.json': editorSchema(tree),
    'config/reference.md': reference(tree, optionTree(notifySchema)),
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [path, text] of Object.entries(generatedFiles())) await writeFile(new URL(path, root), text);
}
