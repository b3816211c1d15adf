import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '../agent/errors.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the top level may hold beside what .gitignore names. */
const folders = ['agent', 'workers', 'config', 'scripts', 'test'];
const rootFiles = [
  ...[
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'biome.json',
  ],
  ...['.git', '.gitignore', '.gitattributes', '.editorconfig', '.dockerignore', '.npmrc', '.ci', '.github'],
];
const ignored = ['node_modules', 'dist', '.cache'];

/** A file above 300 lines is a question, above this it is two files. */
const maxLines = 400;

const drawers = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'types', 'shared', 'lib'];

/** Licences that a product under MIT may ship with. */
const licences = [
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
];

/** Files below the folders, as paths from the top with `/`. */
function filesBelow(tops: readonly string[]): string[] {
  return tops.flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')),
  );
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

const productFiles = filesBelow(['agent', 'workers']);
const codeFiles = filesBelow(folders).filter((file) => /\.[cm]?[jt]s$/.test(file));

test('no product file is longer than 400 lines', () => {
  const long = productFiles.filter((file) => read(file).split('\n').length > maxLines);
  assert.deepEqual(long, []);
});

test('files of code are named in kebab-case', () => {
  const odd = codeFiles.filter(
    (file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.[cm]?[jt]s$/.test(basename(file)),
  );
  assert.deepEqual(odd, []);
});

test('no file or folder is a drawer for anything', () => {
  const bad = filesBelow(folders).filter((file) =>
    file.split('/').some((part) => drawers.includes(basename(part, extname(part)))),
  );
  assert.deepEqual(bad, []);
});

test('the top level holds the five folders and the usual root files only', () => {
  const known = [...folders, ...rootFiles, ...ignored];
  const odd = readdirSync(root).filter((name) => !known.includes(name) && !name.endsWith('.log'));
  assert.deepEqual(odd, []);
});

test('every error code is thrown or checked somewhere', () => {
  const code = productFiles
    .filter((file) => file.startsWith('agent/') && file !== 'agent/errors.ts')
    .map(read)
    .join('\n');
  const unused = Object.keys(errorCodes).filter((name) => !code.includes(`'${name}'`));
  assert.deepEqual(unused, []);
});

test('no file names a path of the machine it was written on', () => {
  const homes = ['work', 'Users'].map((name) => `/${name}/`);
  const texts = [...filesBelow([...folders, '.ci']), ...rootFiles.filter((file) => file.endsWith('.md'))];
  const present = new Set(readdirSync(root));
  const bad = texts
    .filter((file) => file.includes('/') || present.has(file))
    .filter((file) => homes.some((home) => read(file).includes(home)));
  assert.deepEqual(bad, []);
});

interface LockEntry {
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockEntry> };

test('package-lock.json names no registry, so that any mirror serves', () => {
  const named = Object.entries(lock.packages).filter(([, entry]) => /^[a-z+]+:/.test(entry.resolved ?? ''));
  assert.deepEqual(
    named.map(([name]) => name),
    [],
  );
});

/** Of an SPDX expression: one side of an OR is enough, both of an AND are needed. */
function isAllowed(licence: string): boolean {
  const choices = licence.replace(/[()]/g, '').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((one) => licences.includes(one)));
}

// Optional ones are binaries of a package for one platform, under its licence; not every registry has them all.
test('every package that is shipped has a licence that allows it', () => {
  const odd = Object.entries(lock.packages)
    .filter(([, entry]) => !entry.dev && !entry.optional)
    .filter(([, { license = 'none' }]) => !isAllowed(license))
    .map(([name, { license = 'none' }]) => `${name}: ${license}`);
  assert.deepEqual(odd, []);
});

test('the command is a file that a shell can start', () => {
  assert.match(read('agent/main.ts'), /^#!\/usr\/bin\/env node\n/);
});
