import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { filesOf } from '../../../../agent/alerts/rule-files/file-glob.ts';
import { type LoadedRules, loadRuleFiles } from '../../../../agent/alerts/rule-files/rule-files.ts';
import { projectRoot } from '../../../support/agent.ts';
import { temporaryFolder } from '../../../support/servers.ts';

let folder: string;

before(async () => {
  folder = await temporaryFolder();
});

after(() => rm(folder, { recursive: true, force: true }));

/** A file with one group of its own name. */
async function put(path: string, text = `groups: [{name: ${JSON.stringify(path)}}]\n`): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

function load(globs: readonly string[] | undefined, cwd = folder): Promise<LoadedRules> {
  return loadRuleFiles(globs, { intervalMs: 2000, cwd });
}

const below = (files: readonly string[]) => files.map((file) => file.slice(folder.length + 1));

test('globs find files by their names, sorted, hidden ones left out', async () => {
  for (const path of [
    'g/b.yml',
    'g/a.yml',
    'g/a.yaml',
    'g/.a.yml',
    'g/in/c.yml',
    'g/in/.x/d.yml',
    'g/in/deep/e.yml',
  ])
    await put(path);
  await mkdir(join(folder, 'g/folder.yml'));
  const found = async (glob: string) => below(await filesOf(join(folder, glob)));
  assert.deepEqual(await found('g/*.yml'), ['g/a.yml', 'g/b.yml']);
  assert.deepEqual(await found('g/?.y*ml'), ['g/a.yaml', 'g/a.yml', 'g/b.yml']);
  assert.deepEqual(await found('g/[ac].yml'), ['g/a.yml']);
  assert.deepEqual(await found('g/[!a].yml'), ['g/b.yml']);
  assert.deepEqual(await found('g/.*.yml'), ['g/.a.yml']);
  assert.deepEqual(await found('g/*/c.yml'), ['g/in/c.yml']);
  assert.deepEqual(await found('g/**/*.yml'), ['g/a.yml', 'g/b.yml', 'g/in/c.yml', 'g/in/deep/e.yml']);
  assert.deepEqual(await found('g/**/deep/*'), ['g/in/deep/e.yml']);
  assert.deepEqual(await found('nothing/*.yml'), []);
});

test('a file whose name looks like a pattern is found by it', async () => {
  await put('odd/a[1].yml');
  assert.deepEqual(below(await filesOf(join(folder, 'odd/a[1].yml'))), ['odd/a[1].yml']);
  assert.deepEqual(below((await load(['odd/a[1].yml'])).files), ['odd/a[1].yml']);
});

test('linked files are read, links to folders are not followed by **', async () => {
  const file = await put('linked/real/a.yml');
  await symlink(file, join(folder, 'linked/b.yml'));
  await symlink(join(folder, 'linked'), join(folder, 'linked/loop'));
  assert.deepEqual(below(await filesOf(join(folder, 'linked/**/*.yml'))), [
    'linked/b.yml',
    'linked/real/a.yml',
  ]);
});

test('groups of all files come in their order, each file once', async () => {
  await put('order/2.yml');
  await put('order/1.yml');
  const { groups, files, notices } = await load(['order/2.yml', 'order/*.yml']);
  assert.deepEqual(below(files), ['order/2.yml', 'order/1.yml']);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['order/2.yml', 'order/1.yml'],
  );
  assert.deepEqual(notices, []);
});

test('files of rule tests beside rules are no rules', async () => {
  await put('tests/a.yml');
  await put('tests/a.test.yml', 'rule_files: [a.yml]\n');
  assert.deepEqual(below((await load(['tests/*.yml'])).files), ['tests/a.yml']);
  await assert.rejects(load(['tests/a.test.yml']), {
    code: 'RULES_INVALID',
    message: 'tests/a.test.yml:1:1: this is a file of rule tests: nova-agent rules test runs it',
  });
});

test('a glob that fits nothing is told of, a file that is missing is an error', async () => {
  assert.deepEqual((await load(['none/*.yml'])).notices, ['rules: no file fits none/*.yml']);
  await assert.rejects(load(['none/a.yml']), {
    code: 'RULES_INVALID',
    message: 'none/a.yml:1:1: cannot read this file: there is no such file',
  });
});

test('every problem of every file is in the message', async () => {
  await put('bad/1.yml', 'group: []\n');
  await put('bad/2.yml', 'groups:\n- name: a\n  rules: [{alert: A, expr: "up =="}]\n');
  await assert.rejects(load(['bad/*.yml', 'bad/3.yml']), (error: Error) => {
    const places = error.message.split('\n').map((line) => line.split(':', 3).join(':'));
    assert.deepEqual(places, ['bad/1.yml:1:1', 'bad/2.yml:3:34', 'bad/3.yml:1:1']);
    return true;
  });
});

test('a thousand problems are cut to 200 and counted', async () => {
  const rules = '  - {alert: A}\n'.repeat(1000);
  await put('many.yml', `groups:\n- name: a\n  rules:\n${rules}`);
  await assert.rejects(load(['many.yml']), (error: Error) => {
    const lines = error.message.split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [201, 'and 800 more problems']);
    return true;
  });
});

test('a file of more than 1 MB, a folder and a device are refused unread', async () => {
  await put('big.yml', '#'.repeat(1024 * 1024 + 1));
  await mkdir(join(folder, 'folder.yml'));
  const message = [
    'big.yml:1:1: cannot read this file: it has 1048577 bytes; at most 1048576 are taken',
    'folder.yml:1:1: cannot read this file: it is a folder',
    '/dev/zero:1:1: cannot read this file: it is not a regular file',
  ].join('\n');
  await assert.rejects(load(['big.yml', 'folder.yml', '/dev/zero']), { message });
});

test('more than 256 files are refused', async () => {
  for (let i = 0; i < 257; i++) await put(`crowd/${i}.yml`, '');
  await assert.rejects(load(['crowd/*.yml']), { message: '257 rule files; at most 256 are taken' });
});

test('without globs the rules of the working folder are taken, else the shipped ones', async () => {
  const own = await put('cwd/config/rules/own.yml');
  assert.deepEqual((await load(undefined, join(folder, 'cwd'))).files, [own]);
  assert.deepEqual((await load(undefined)).files, [join(projectRoot, 'config/rules/nova.yml')]);
});

test('an empty list of globs means no rules', async () => {
  assert.deepEqual((await load([])).groups, []);
});

test('a file that is being saved, empty for a moment, is read when it is whole', async () => {
  const file = await put('saved/a.yml', '');
  const [{ groups }] = await Promise.all([load(['saved/a.yml']), sleep(20).then(() => put('saved/a.yml'))]);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['saved/a.yml'],
  );
  await writeFile(file, '');
  assert.deepEqual((await load(['saved/a.yml'])).groups, []);
});
