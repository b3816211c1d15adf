import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLauncher, isNode, parseNodeCommand } from '../../../workers/probes/node-command.ts';

test('Node is known by its program, or by the first argument where the program is hidden', () => {
  assert.equal(isNode('/usr/bin/node', ['crm']), true);
  assert.equal(isNode('/opt/node-v20.20.2', []), true);
  assert.equal(isNode('', ['/usr/local/bin/nodejs', 'x.js']), true);
  assert.equal(isNode('', ['node /srv/app.js']), true);
  assert.equal(isNode('/usr/bin/nodemon-like', ['node']), false);
  assert.equal(isNode('/bin/dash', ['sh', '-c', 'node x.js']), false);
});

test('the script is the first word that is neither an option nor the value of one', () => {
  const words = [
    'node',
    '--require',
    '/a/preflight.cjs',
    '--import=x',
    '--inspect',
    '-r',
    'y',
    'server.js',
    '--port',
    '1',
  ];
  assert.equal(parseNodeCommand(words).script, 'server.js');
  assert.equal(parseNodeCommand(['node', '-e', 'code()']).script, '');
  assert.equal(parseNodeCommand(['node /srv/app.js']).script, '/srv/app.js');
});

for (const line of [
  ['npm run dev'],
  ['npm exec nova-agent'],
  ['node', '/usr/bin/npm', 'run', 'dev'],
  ['node', '/usr/lib/node_modules/npm/bin/npx-cli.js', 'tsx', 'server.ts'],
  ['node', '/app/node_modules/.bin/tsx', 'server.ts'],
  ['node', '/app/node_modules/tsx/dist/cli.mjs', 'server.ts'],
  ['node', '--watch', 'server.js'],
  ['node', '--watch-path=src', 'server.js'],
  ['/usr/bin/node', '/usr/local/bin/pnpm.cjs', 'start'],
  ['node', '/app/node_modules/nodemon/bin/nodemon.js', 'server.js'],
  ['PM2 v6.0.5: God Daemon (/root/.pm2)'],
]) {
  test(`a launcher: ${line.join(' ')}`, () => assert.equal(isLauncher(line), true));
}

for (const line of [
  ['node', 'server.js'],
  [
    'node',
    '--require',
    '/app/node_modules/tsx/dist/preflight.cjs',
    '--import',
    'file:///app/tsx/dist/loader.mjs',
    'server.ts',
  ],
  ['node', '--import', 'nova-agent/register', 'server.js', '--watch'],
  ['node /srv/npm-mirror/server.js'],
  ['crm'],
]) {
  test(`not a launcher: ${line.join(' ')}`, () => assert.equal(isLauncher(line), false));
}
