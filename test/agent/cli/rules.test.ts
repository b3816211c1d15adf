import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runAgent, writeConfig } from '../../support/agent.ts';
import { temporaryFolder } from '../../support/servers.ts';

/** The real command. */
let folder: string;

before(async () => {
  folder = await temporaryFolder();
});

after(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

test('rules check tells that rules are valid, and what they may have meant', async () => {
  const file = await put(
    'good.yml',
    'groups:\n- name: a\n  rules:\n  - {alert: A, expr: system_loadd1 > 2}\n',
  );
  const { code, stdout, stderr } = await runAgent(['rules', 'check', file]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${file}: 1 rule in 1 group, valid\n`);
  assert.match(
    stderr,
    /^warning: .*good\.yml:4:22: nothing gives the metric system_loadd1; did you mean system_load1\?$/m,
  );
});

test('rules check tells every mistake of every file, and ends with 2', async () => {
  const one = await put('one.yml', 'groups:\n- name: a\n  rules:\n  - {alert: A}\n');
  const two = await put('two.yml', 'group: []\n');
  const { code, stdout, stderr } = await runAgent(['rules', 'check', one, two]);
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /one\.yml:4:5: group "a", rule 1, "A": field 'expr' must be set in rule$/m);
  assert.match(stderr, /two\.yml:1:1: unknown field "group" in a rule file/);
});

test('options of a replay are refused where nothing is replayed', async () => {
  for (const [action, option, value] of [
    ['check', '--notify', 'notify.yml'],
    ['test', '--format', 'json'],
  ] as const) {
    const { code, stdout, stderr } = await runAgent(['rules', action, option, value]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, new RegExp(`${option}: rules ${action} takes no such option; rules backtest does`));
  }
});

test('without files rules check takes the configured rules and who is told', async () => {
  await put('mine.yml', 'groups:\n- name: a\n  rules:\n  - {alert: A, expr: system_load1 > 2}\n');
  await put('notify.yml', 'route: {receiver: team}\nreceivers: [{name: team}, {name: nobody}]\n');
  const config = await writeConfig(folder, { rules: ['mi*.yml', 'none/*.yml'], notify: 'notify.yml' });
  const { code, stdout, stderr } = await runAgent(['rules', 'check', '-c', config]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /mine\.yml: 1 rule in 1 group, valid; .*notify\.yml: valid\n$/);
  assert.match(stderr, /^warning: rules: no file fits .*none\/\*\.yml$/m);
  assert.match(stderr, /^warning: no route leads to the receiver nobody$/m);
});

test('check refuses a configuration whose rules are wrong', async () => {
  await put('wrong.yml', 'groups:\n- name: a\n  rules:\n  - {alert: A, expr: "system_load1 >"}\n');
  const config = await writeConfig(folder, { rules: ['wrong.yml'] });
  const { code, stderr } = await runAgent(['check', '-c', config]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /wrong\.yml:4:37: group "a", rule 1, "A": could not parse expression: /);
});

test('the shipped rules are valid and know every metric that they use', async () => {
  const { code, stdout, stderr } = await runAgent(['rules', 'check', 'config/rules/nova.yml']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'config/rules/nova.yml: 11 rules in 4 groups, valid\n');
  assert.doesNotMatch(stderr, /warning/);
});

test('check tells the mistakes of the configuration, of the rules and of who is told at once', async () => {
  await put(
    'bad.yml',
    'groups:\n- name: a\n  rules:\n  - {alert: A, expr: "system_load1 >"}\n  - {alert: B, expr: system_loadd1 > 1}\n',
  );
  await put('bad-notify.yml', 'route: {receiver: nobody}\nreceivers: [{name: team}]\n');
  const named = { rules: ['bad.yml', 'missing.yml'], notify: 'bad-notify.yml' };
  const mistakes = [
    /bad\.yml:4:37: .*could not parse expression/,
    /missing\.yml:1:1: cannot read this file: there is no such file/,
    /bad-notify\.yml:1:19: .*nobody/,
    /warning: .*bad\.yml:5:22: nothing gives the metric system_loadd1; did you mean system_load1\?/,
  ];
  for (const command of [['check'], ['rules', 'check']]) {
    const config = await writeConfig(folder, named);
    const { code, stderr } = await runAgent([...command, '-c', config]);
    assert.equal(code, 2, stderr);
    for (const mistake of mistakes) assert.match(stderr, mistake);
    const wrong = await writeConfig(folder, { ...named, store: { quotaa: 1 } });
    const more = await runAgent([...command, '-c', wrong]);
    assert.equal(more.code, 2, more.stderr);
    for (const mistake of [/store\.quotaa: unknown key/, ...mistakes]) assert.match(more.stderr, mistake);
  }
});
