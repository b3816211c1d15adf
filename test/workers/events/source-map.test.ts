import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { SourceMaps } from '../../../workers/events/source-map.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nova-map-')));
after(() => rmSync(folder, { recursive: true }));

let folders = 0;
function newFolder(): string {
  const path = join(folder, `f${folders++}`);
  mkdirSync(join(path, 'src'), { recursive: true });
  return path;
}

const source = `// a service
interface Contact { readonly id: number }

export function save(contact: Contact): never {
  const id: number = contact.id;
  throw new Error(\`no \${id}\`);
}

export function run(): void {
  try {
    save({ id: 7 });
  } catch (error) {
    console.log((error as Error).stack);
  }
}
`;

/** The stack that a built script prints, mapped. */
function mappedStack(script: string): string {
  const stack = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  return new SourceMaps().map(stack);
}

async function bundle(options: Parameters<typeof build>[0]): Promise<string> {
  const path = newFolder();
  writeFileSync(join(path, 'src/contacts.ts'), source);
  writeFileSync(join(path, 'src/main.ts'), "import { run } from './contacts.ts';\n\nrun();\n");
  const outfile = join(path, 'dist/main.cjs');
  const common = { bundle: true, platform: 'node', format: 'cjs', outfile } as const;
  await build({ ...common, entryPoints: [join(path, 'src/main.ts')], ...options });
  return outfile;
}

function assertMapped(stack: string): void {
  const places = stack.split('\n').filter((line) => line.includes('/src/'));
  assert.match(places[0]!, /at \S+ \(\/.*\/src\/contacts\.ts:6:9\)$/);
  assert.match(places[1]!, /\/src\/contacts\.ts:11:5\)$/);
  assert.match(places[2]!, /\/src\/main\.ts:3:1\)$/);
  assert.match(stack, /node:internal\/modules/);
}

describe('maps', () => {
  test('of esbuild beside the script', async () =>
    assertMapped(mappedStack(await bundle({ sourcemap: true }))));

  test('of esbuild inside the script', async () =>
    assertMapped(mappedStack(await bundle({ sourcemap: 'inline' }))));

  test('of esbuild that no line names', async () =>
    assertMapped(mappedStack(await bundle({ sourcemap: 'external' }))));

  test('of minified code, above 64 KB inside the script', async () => {
    const banner = { js: `/* ${'x'.repeat(100_000)} */` };
    assertMapped(mappedStack(await bundle({ sourcemap: 'inline', minify: true, banner })));
  });

  for (const option of ['--sourceMap', '--inlineSourceMap'])
    test(`of TypeScript with ${option}`, () => {
      const path = newFolder();
      writeFileSync(join(path, 'src/contacts.ts'), source);
      writeFileSync(join(path, 'src/main.ts'), "import { run } from './contacts.js';\n\nrun();\n");
      writeFileSync(join(path, 'package.json'), '{"type":"module"}');
      const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
      const options = ['--target', 'es2022', '--module', 'nodenext', '--types', '', '--lib', 'es2022,dom'];
      const out = ['--outDir', join(path, 'dist'), '--rootDir', join(path, 'src'), join(path, 'src/main.ts')];
      execFileSync(process.execPath, [tsc, ...options, option, ...out], { cwd: path });
      const stack = mappedStack(join(path, 'dist/main.js'));
      const places = stack.split('\n').filter((line) => line.includes('/src/'));
      assert.match(places[0]!, /at save \(\/.*\/src\/contacts\.ts:6:9\)$/);
      assert.match(places[1]!, /at run \(.*\/src\/contacts\.ts:11:5\)$/);
      assert.match(places[2]!, /at \/.*\/src\/main\.ts:3:1$/);
    });
});

/** A map in which line 1, column 5 of the script is line 100, column 4 of a.ts. */
const simpleMap = { version: 3, sources: ['a.ts'], names: [], mappings: 'IAmGG' };

/** Writes a script of one line, with a map beside it, and maps a frame in it. */
function mapWith(map: string | Buffer | undefined, lastLine = '', at = newFolder()): string {
  const script = join(at, 'a.js');
  writeFileSync(script, `throw 1;\n${lastLine}`);
  if (map !== undefined) writeFileSync(`${script}.map`, map);
  return new SourceMaps().map(`at f (${script}:1:5)`);
}

const isMapped = (line: string) => /\/a\.ts:100:4\)$/.test(line);

test('a frame keeps its name and what is said of the call', () => {
  const path = newFolder();
  mapWith(JSON.stringify(simpleMap), '', path);
  const maps = new SourceMaps();
  const script = join(path, 'a.js');
  const mapped = `${join(path, 'a.ts')}:100:4`;
  assert.equal(maps.map(`at async new Foo (${script}:1:5)`), `at async new Foo (${mapped})`);
  assert.equal(maps.map(`at A.b [as c] (${pathToFileURL(script)}:1:5)`), `at A.b [as c] (${mapped})`);
  assert.equal(maps.map(`at ${script}:1:5`), `at ${mapped}`);
  assert.equal(maps.map(`at async ${script}:1:9`), `at async ${mapped}`);
  for (const line of [
    `at f (${script}:1:1)`,
    `at f (${script}:2:1)`,
    `at f (${script}:0:0)`,
    `at f (${script})`,
    'at f (node:fs:1:5)',
    'Error: x',
    '',
  ])
    assert.equal(maps.map(line), line);
});

test('sources are named relative to the map, its root and as URLs', () => {
  const at = (map: object) => mapWith(JSON.stringify({ ...simpleMap, ...map }));
  assert.match(at({ sources: ['../src/a.ts'] }), /\/nova-map-[^/]+\/src\/a\.ts:100:4\)$/);
  assert.match(at({ sourceRoot: '/root/' }), /\(\/root\/a\.ts:100:4\)$/);
  assert.match(at({ sources: ['webpack://crm/./src/a.ts'] }), /\(webpack:\/\/crm\/\.\/src\/a\.ts:100:4\)$/);
  assert.match(at({ sources: ['x\ny (z)\u2028'] }), /x\?y \(z\)\?:100:4\)$/);
});

test('a sibling that the last line names is read, one elsewhere is not', () => {
  const path = newFolder();
  writeFileSync(join(path, 'other.map'), JSON.stringify(simpleMap));
  writeFileSync(join(path, 'src/other.map'), JSON.stringify(simpleMap));
  writeFileSync(join(path, 'secret.json'), JSON.stringify(simpleMap));
  const named = (name: string) => isMapped(mapWith(undefined, `//# sourceMappingURL=${name}\n`, path));
  assert.ok(named('other.map'));
  assert.ok(named('./other.map'));
  assert.ok(named('%6fther.map'));
  for (const name of [
    ...['src/other.map', '../f0/other.map', `${path}/other.map`, pathToFileURL(join(path, 'other.map')).href],
    ...[
      '%2e%2e%2fother.map',
      'secret.json',
      'http://127.0.0.1/other.map',
      '..',
      '',
      '%zz.map',
      'other.map%00',
    ],
  ])
    assert.ok(!named(name), name);
});

test('a map that changed is read again, one that did not is not', () => {
  const path = newFolder();
  const script = join(path, 'a.js');
  const maps = new SourceMaps();
  const line = `at f (${script}:1:5)`;
  writeFileSync(script, 'throw 1;');
  assert.equal(maps.map(line), line);
  writeFileSync(`${script}.map`, JSON.stringify(simpleMap));
  utimesSync(`${script}.map`, 1000, 1000);
  assert.ok(isMapped(maps.map(line)));
  writeFileSync(`${script}.map`, JSON.stringify({ ...simpleMap, sources: ['b.ts'] }));
  utimesSync(`${script}.map`, 1000, 1000);
  assert.ok(isMapped(maps.map(line)), 'same time and length');
  utimesSync(`${script}.map`, 2000, 2000);
  assert.match(maps.map(line), /\/b\.ts:100:4\)$/);
  rmSync(`${script}.map`);
  assert.equal(maps.map(line), line);
});

test('more scripts than are kept are still mapped', () => {
  const path = newFolder();
  const maps = new SourceMaps();
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 50; i++) {
      const script = join(path, `s${i}.js`);
      writeFileSync(script, 'throw 1;');
      writeFileSync(`${script}.map`, JSON.stringify(simpleMap));
      assert.ok(isMapped(maps.map(`at f (${script}:1:5)`)));
    }
});

describe('what is no map leaves the frame as it is', () => {
  const large = Buffer.alloc(16 * 2 ** 20 + 1, 0x20);
  large.write(JSON.stringify(simpleMap));
  const maps: Record<string, string | Buffer | undefined> = {
    'no file': undefined,
    nothing: '',
    'no JSON': 'hello',
    'an array': '[]',
    null: 'null',
    'half a map': JSON.stringify(simpleMap).slice(0, -8),
    'numbers for texts': '{"version":3,"sources":1,"mappings":2}',
    'no sources': '{"version":3,"mappings":"IAmGG"}',
    'an index out of range': JSON.stringify({ ...simpleMap, sources: [] }),
    'a negative index': JSON.stringify({ ...simpleMap, mappings: 'IDmGG' }),
    'digits of no alphabet': JSON.stringify({ ...simpleMap, mappings: 'IAm!G' }),
    'a number that does not end': JSON.stringify({ ...simpleMap, mappings: 'gggggggggggggggggg' }),
    'a segment of too many numbers': JSON.stringify({ ...simpleMap, mappings: 'IAmGGAAAAAA' }),
    'columns out of order': JSON.stringify({ ...simpleMap, mappings: 'IAmGG,DAAA' }),
    'deep nesting': `{"sources":${'['.repeat(1e6)}`,
    'many mappings': JSON.stringify({ ...simpleMap, mappings: `IAmGG${',A'.repeat(2e6)}` }),
    'more than 16 MB': large,
  };
  for (const [name, map] of Object.entries(maps))
    test(name, () => {
      const line = mapWith(map);
      assert.match(line, /\/a\.js:1:5\)$/);
    });

  test('a symbolic link, to a map or to anything', () => {
    const path = newFolder();
    writeFileSync(join(path, 'real.map'), JSON.stringify(simpleMap));
    for (const target of [join(path, 'real.map'), '/dev/zero', '/etc/passwd']) {
      symlinkSync(target, join(path, 'a.js.map'));
      assert.ok(!isMapped(mapWith(undefined, '', path)));
      assert.ok(!isMapped(mapWith(undefined, '//# sourceMappingURL=a.js.map', path)));
      rmSync(join(path, 'a.js.map'));
    }
  });

  test('a pipe, which would hold the worker for ever', () => {
    const path = newFolder();
    execFileSync('mkfifo', [join(path, 'a.js.map'), join(path, 'b.js')]);
    assert.ok(!isMapped(mapWith(undefined, '', path)));
    assert.equal(new SourceMaps().map(`at f (${path}/b.js:1:1)`), `at f (${path}/b.js:1:1)`);
  });

  test('scripts by relative, odd and foreign paths', () => {
    const path = newFolder();
    mapWith(JSON.stringify(simpleMap), '', path);
    writeFileSync(join(path, 'a.txt'), 'x');
    writeFileSync(join(path, 'a.txt.map'), JSON.stringify(simpleMap));
    const maps = new SourceMaps();
    for (const file of [
      ...[
        'a.js',
        `${path}/src/../a.js`,
        `${path}//a.js`,
        `${path}/a.txt`,
        `${path}/a.js\0`,
        `${path}/src`,
        '/dev/zero.js',
      ],
      ...[
        `http://127.0.0.1${path}/a.js`,
        `${path}/${'x'.repeat(5000)}.js`,
        '/proc/self/environ',
        '//a.js',
        `${path}/a.js/b.js`,
      ],
    ])
      assert.equal(maps.map(`at f (${file}:1:5)`), `at f (${file}:1:5)`);
  });
});

test('texts between the members do not mislead: keys in texts, escapes, odd spaces', () => {
  const text = `\n{ "x": "\\"mappings\\":\\\\", "sourcesContent": ["\\"}],{\\\\"], "y": {"sources": [1]}, "z": [[{}], 1e5, null] ,\n"mappings" : "IAmGG", "sources":[ "a.ts" ] }\n`;
  assert.ok(isMapped(mapWith(text)));
});
