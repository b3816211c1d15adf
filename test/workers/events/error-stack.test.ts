import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isOwnFrame, parseFrame, parseStack } from '../../../workers/events/error-stack.ts';

/** Lines as V8 writes them, with name, file, line and column. */
const lines: readonly (readonly [string, string, string, number, number])[] = [
  ['at save (/srv/app/x.js:1:2)', 'save', '/srv/app/x.js', 1, 2],
  ['    at save (/srv/app/x.js:1:2)', 'save', '/srv/app/x.js', 1, 2],
  ['at /srv/app/x.js:1:2', '', '/srv/app/x.js', 1, 2],
  ['at async save (/srv/app/x.js:1:2)', 'save', '/srv/app/x.js', 1, 2],
  ['at async /srv/app/x.js:1:2', '', '/srv/app/x.js', 1, 2],
  ['at async file:///srv/app/a%20b.js:1:2', '', '/srv/app/a b.js', 1, 2],
  ['at new Foo (/srv/app/x.js:1:2)', 'new Foo', '/srv/app/x.js', 1, 2],
  ['at Foo.bar [as baz] (/srv/app/x.js:1:2)', 'Foo.bar', '/srv/app/x.js', 1, 2],
  ['at Object.<anonymous> (/srv/app/x.js:1:2)', 'Object.<anonymous>', '/srv/app/x.js', 1, 2],
  ['at f (/srv/my app (old)/x.js:1:2)', 'f', '/srv/my app (old)/x.js', 1, 2],
  ['at Object.a (b) (/srv/app/x.js:1:2)', 'Object.a (b)', '/srv/app/x.js', 1, 2],
  ['at f (C:\\app\\x.js:1:2)', 'f', 'C:\\app\\x.js', 1, 2],
  ['at f (webpack://crm/./src/x.js:1:2)', 'f', 'webpack://crm/./src/x.js', 1, 2],
  ['at f (node:internal/timers:573:17)', 'f', 'node:internal/timers', 573, 17],
  ['at Array.map (<anonymous>)', 'Array.map', '', 0, 0],
  ['at async Promise.all (index 4)', 'Promise.all', '', 0, 0],
  ['at String.replace (native)', 'String.replace', '', 0, 0],
  ['at eval (eval at f (/srv/app/x.js:3:4), <anonymous>:1:2)', 'eval', '/srv/app/x.js', 3, 4],
  [
    'at eval (eval at g (eval at f (/srv/app/x.js:3:4), <anonymous>:1:2), <anonymous>:5:6)',
    'eval',
    '/srv/app/x.js',
    3,
    4,
  ],
  ['at eval (eval)', 'eval', '', 0, 0],
  ['at f (data:)', 'f', 'data:', 0, 0],
  ['at <anonymous>', '', '', 0, 0],
  ['at ', '', '', 0, 0],
  ['at f (', 'f', '', 0, 0],
];

describe('parseFrame', () => {
  for (const [text, functionName, file, line, column] of lines.slice(0, -2))
    test(`reads ${text.trim()}`, () => {
      const frame = parseFrame(text);
      assert.ok(frame);
      assert.deepEqual(
        [frame.functionName, frame.file, frame.line, frame.column],
        [functionName, file, line, column],
      );
    });

  test('takes nothing else for a frame, and any text without throwing', () => {
    for (const text of ['', 'Error: boom', 'attack', 'x at f (/a.js:1:2)'])
      assert.equal(parseFrame(text), undefined);
    for (const text of [
      'at (',
      'at )',
      'at f ()',
      'at  ()',
      'at eval at (',
      'at eval (eval at',
      'at file://%',
      'at f (file://%zz:1:2)',
      'at :1:2',
    ])
      assert.ok(parseFrame(text), text);
  });
});

test('own frames are those of no package, not of Node and not made up', () => {
  const own = [
    '/srv/app/x.js',
    'C:\\app\\x.js',
    'webpack://crm/./src/x.js',
    '/srv/node-app/x.js',
    '/srv/node_modules.bak/x.js',
    'file:///srv/app/x.mjs',
  ];
  const foreign = [
    '/srv/app/node_modules/x/y.js',
    'C:\\app\\node_modules\\x\\y.js',
    'node:fs',
    'node:internal/x',
    'internal/x.js',
    'webpack://crm/webpack/bootstrap',
    'webpack:///./node_modules/x/y.js',
    'wasm://wasm/x',
    '<anonymous>',
    'native',
  ];
  for (const file of own) assert.ok(isOwnFrame(parseFrame(`at f (${file}:1:2)`)!), file);
  for (const file of foreign) assert.ok(!isOwnFrame(parseFrame(`at f (${file}:1:2)`)!), file);
});

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nova-stack-')));
after(() => rmSync(folder, { recursive: true }));

/** Own frames of the stacks that a script prints as JSON, as `function file`. */
function run(name: string, script: string, ...options: string[]): string[][] {
  const path = join(folder, name);
  writeFileSync(path, script);
  const output = execFileSync(process.execPath, [...options, path], { encoding: 'utf8' });
  return (JSON.parse(output) as string[]).map((stack) =>
    parseStack(stack)
      .filter(isOwnFrame)
      .map((frame) => `${frame.functionName} ${frame.file.slice(folder.length + 1)}`),
  );
}

const script = `
  const stacks = [];
  const take = (error) => stacks.push(error.stack);
  class Foo { constructor() { throw new Error('in new'); } static get bar() { throw new Error('getter'); } }
  try { new Foo(); } catch (error) { take(error); }
  try { Foo.bar; } catch (error) { take(error); }
  try { [1].map(() => { throw new Error('in map'); }); } catch (error) { take(error); }
  try { eval('throw new Error(1)'); } catch (error) { take(error); }
  const inner = async () => { await null; throw new Error('async'); };
  const outer = async () => { await inner(); };
  outer().catch((error) => { take(error); console.log(JSON.stringify(stacks)); });
`;

for (const [name, topLevel, ...options] of [
  ['stacks.cjs', 'Object.<anonymous> stacks.cjs'],
  ['stacks.mjs', ' stacks.mjs'],
  ['stacks.mts', ' stacks.mts', '--import', 'tsx'],
] as const)
  test(`real stacks of ${name} are read`, () => {
    const [inNew, getter, inMap, inEval, async_] = run(name, script, ...options);
    assert.deepEqual(inNew, [`new Foo ${name}`, topLevel]);
    assert.match(getter![0]!, /bar/);
    assert.deepEqual(inMap!.at(-1), topLevel);
    assert.equal(inEval![0], `eval ${name}`);
    assert.deepEqual(async_, [`inner ${name}`, `outer ${name}`]);
  });
