import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { optionOf, variableOf } from '../../../agent/config/environment.ts';
import { nodeAt, optionTree, walkNodes } from '../../../agent/config/option-tree.ts';
import { configSchema } from '../../../agent/config/schema.ts';
import { errorCodes } from '../../../agent/errors.ts';
import { generatedFiles } from '../../../scripts/generate-config.ts';
import { load } from './support.ts';

const tree = optionTree(configSchema);

for (const [path, text] of Object.entries(generatedFiles())) {
  test(`${path} is what scripts/generate-config.ts writes`, async () => {
    assert.equal(await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8'), text);
  });
}

test('the sample as it is gives the defaults', async (t) => {
  const yaml = generatedFiles()['config/agent.yml']!;
  assert.deepEqual((await load(t, { yaml })).config, (await load(t, {})).config);
});

test('the sample switched on holds every option at its place and none other', () => {
  const yaml = generatedFiles()['config/agent.yml']!.replaceAll(/^( *)#(?=\S| {2})/gm, '$1');
  const sample = parse(yaml) as unknown;
  const missing: string[] = [];
  walkNodes(tree, (_, path) => {
    const held = path.reduce<unknown>(
      (value, key) => (value === undefined ? undefined : (value as Record<string, unknown> | null)?.[key]),
      sample,
    );
    const ofScalars = typeof path.at(-1) === 'number' && !nodeAt(tree, path)?.properties;
    if (held === undefined && !ofScalars) missing.push(path.join('.'));
  });
  assert.deepEqual(missing, []);
});

test('every option is described', () => {
  const silent: string[] = [];
  walkNodes(tree, ({ description }, path) => {
    if (!description && path.length > 0 && typeof path.at(-1) !== 'number') silent.push(path.join('.'));
  });
  assert.deepEqual(silent, []);
});

test('the variable of every option leads back to it', () => {
  walkNodes(tree, (_, path) => {
    if (path.length > 0) assert.deepEqual(optionOf(tree, variableOf(path)), path);
  });
});

test('every error code is in the reference', () => {
  const reference = generatedFiles()['config/reference.md']!;
  for (const code of Object.keys(errorCodes)) assert.ok(reference.includes(`\`${code}\``), code);
});
