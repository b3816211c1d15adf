import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cycles, type Files, offences, type Row } from './import-checker.ts';

/** The base of the agent. */
const base =
  'agent/{errors,clock,log,lifecycle,selfstats,units,snapshot-shape,ready-shape,alert-shape,rule-shape,ledger-shape,spelling}.ts';
/** Every part's options. */
const options = ['agent/options.ts', 'agent/**/options.ts', 'agent/**/*-options.ts'];
/** What the main loop and the workers say to each other. */
const message = 'workers/{contract,point}/**';

/** Who may import whom, types included. */
const table: readonly Row[] = [
  { from: 'workers/contract/**', may: [], packages: [] },
  { from: 'workers/promql/**', may: [] },
  { from: 'workers/template/**', may: ['workers/{contract,promql}/**'] },
  { from: 'workers/tasks/**', may: ['workers/**'] },
  ...['point', 'probes', 'ring', 'sketch', 'events', 'routing', 'cause', 'store', 'written'].map((name) => ({
    from: `workers/${name}/**`,
    may: ['workers/{contract,point,ring,sketch,promql}/**'],
  })),
  { from: 'workers/rules/**', may: ['workers/{contract,point,ring,sketch,promql,template}/**'] },
  // Rules and routing as they run live, in virtual time.
  { from: 'workers/replay/**', may: ['workers/{contract,promql,rules,routing}/**'] },

  { from: 'agent/units.ts', may: [base], packages: ['zod'], single: true },
  { from: base, may: [base], packages: [], single: true },
  { from: 'agent/options.ts', may: ['agent/{units,log}.ts'], packages: ['zod'], single: true },
  {
    from: 'agent/alerts/notifiers/{http-options,*/options}.ts',
    may: ['agent/units.ts', 'agent/alerts/notifiers/{http-options,target-guard}.ts'],
    packages: ['zod'],
    single: true,
  },
  ...options.map((from) => ({ from, may: ['agent/units.ts'], packages: ['zod'], single: true }) as const),

  { from: 'agent/sources/source.ts', may: [base, message], packages: [], single: true },
  { from: 'agent/sinks/sink.ts', may: [base, message], packages: [], single: true },
  { from: 'agent/alerts/notifiers/notifier.ts', may: [base, message], packages: [], single: true },
  { from: 'agent/sources/*/**', may: [base, message, 'agent/sources/source.ts'] },
  { from: 'agent/sinks/*/**', may: [base, message, 'agent/sinks/sink.ts'] },
  {
    from: 'agent/alerts/notifiers/*/**',
    may: [
      base,
      message,
      'workers/template/**',
      'agent/alerts/notifiers/{notifier,http-client,http-options,target-guard,rendering}.ts',
    ],
  },

  { from: 'agent/instrument/**', may: ['workers/contract/**'] },
  { from: 'agent/config/**', may: [base, ...options] },
  {
    from: 'agent/pipeline/**',
    may: [base, 'agent/sources/source.ts', 'agent/sinks/sink.ts', 'workers/{contract,point,ring,sketch}/**'],
    starts: ['workers/tasks/**'],
  },
  // Its file is read like the configuration: places of mistakes, variables, suggestions.
  {
    from: 'agent/alerts/notify-file/**',
    may: [
      base,
      ...options,
      message,
      'workers/{promql,routing,template}/**',
      'agent/alerts/{notifiers/notifiers,notifiers/http-options,rule-files/file-glob}.ts',
      'agent/config/{document,draft,interpolation,issues,load,option-tree}.ts',
    ],
  },
  {
    from: 'agent/alerts/**',
    may: [
      ...[base, ...options, message, 'agent/sources/source.ts', 'workers/{promql,rules,routing,template}/**'],
      // notify.yml is read as agent.yml is.
      'agent/config/**',
    ],
  },
  // The page: its packages are bundled into it, and of the agent it knows the shapes of answers only.
  {
    from: 'agent/http/dashboard/**',
    may: ['agent/*-shape.ts'],
    bundled: ['preact', 'uplot'],
    packages: [],
  },
  { from: 'agent/http/**', may: [base, 'workers/contract/**'] },
  {
    from: 'agent/cli/**',
    may: [
      ...[
        base,
        message,
        'agent/{app,doctor,once,spool-alone}.ts',
        'agent/{config,alerts}/**',
        'workers/store/**',
      ],
      // Where the store lies, what a replay tells, and how to ask the running agent.
      ...['agent/pipeline/{store-path,data-folder,spool}.ts', 'agent/http/control-client.ts'],
      'workers/{promql,replay}/**',
    ],
  },
  // These wire the parts together.
  {
    from: 'agent/{app,collecting,doctor,http-views,once,spool-alone}.ts',
    may: ['agent/**', '!agent/cli/**', '!agent/main.ts', 'workers/**'],
    single: true,
  },
  { from: 'agent/main.ts', may: [base, 'agent/cli/**'], single: true },
];

const root = fileURLToPath(new URL('..', import.meta.url));

function productFiles(): Files {
  const files = new Map<string, string>();
  for (const top of ['agent', 'workers']) {
    for (const entry of readdirSync(join(root, top), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.[cm]?[jt]sx?$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(posix.relative(root, path), readFileSync(path, 'utf8'));
    }
  }
  return files;
}

function dependencies(): ReadonlySet<string> {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return new Set(Object.keys(dependencies));
}

describe('the product', () => {
  test('imports only what the table allows', () => {
    const files = productFiles();
    assert.ok(files.size > 0);
    const found = offences(table, files, dependencies());
    assert.ok(found.length === 0, found.join('\n'));
  });

  test('has no import cycle', () => {
    const found = cycles(productFiles());
    assert.ok(found.length === 0, found.join('\n'));
  });
});

describe('the checker', () => {
  const packages = new Set(['zod', 'ioredis', 'libsql']);
  const check = (files: Record<string, string>) => offences(table, new Map(Object.entries(files)), packages);

  const refused: [name: string, file: string, text: string, place: RegExp][] = [
    [
      'a worker that imports the agent',
      'workers/store/a.ts',
      "\nimport { x } from '../../agent/errors.ts';",
      /^workers\/store\/a\.ts:2 imports agent\/errors\.ts: not allowed for workers\/store\/\*\* \(allowed: workers\/store/,
    ],
    [
      'a type import',
      'workers/contract/a.ts',
      "import type {\n  X,\n} from '../point/point.ts';",
      /a\.ts:1 imports workers\/point\/point\.ts/,
    ],
    [
      'an export from',
      'workers/point/a.ts',
      "export * from '../store/b.ts';",
      /:1 imports workers\/store\/b\.ts/,
    ],
    [
      'a sibling source',
      'agent/sources/host/a.ts',
      "import '../queues/b.ts';",
      /:1 imports agent\/sources\/queues\/b\.ts: not allowed for agent\/sources\/\*\/\*\*/,
    ],
    [
      'a dynamic import',
      'agent/http/a.ts',
      "const x = await import('../sinks/redis/redis.ts');",
      /:1 imports agent\/sinks\/redis\/redis\.ts/,
    ],
    [
      'a type in an import()',
      'agent/http/a.ts',
      "let x: import('../../workers/store/store.ts').Store;",
      /:1 imports workers\/store\/store\.ts/,
    ],
    [
      'a required file',
      'agent/instrument/a.ts',
      "const load = createRequire(import.meta.url);\nload('../errors.ts');",
      /:2 imports agent\/errors\.ts/,
    ],
    [
      'a worker started outside the pipeline',
      'agent/http/a.ts',
      "new Worker(new URL('../../workers/tasks/tick.ts', import.meta.url));",
      /:1 imports workers\/tasks\/tick\.ts/,
    ],
    [
      'an imported worker task',
      'agent/pipeline/a.ts',
      "import { tick } from '../../workers/tasks/tick.ts';",
      /:1 imports workers\/tasks\/tick\.ts/,
    ],
    ['a path that is not text', 'agent/cli/a.ts', 'await import(name);', /:1 imports an expression/],
    ['dist', 'agent/cli/a.ts', "import '../../dist/agent/main.js';", /:1 imports dist\/agent\/main\.js/],
    ['test', 'agent/app.ts', "import '../test/support/servers.ts';", /:1 imports test\/support\/servers\.ts/],
    ['scripts', 'agent/app.ts', "import '../scripts/demo.ts';", /:1 imports scripts\/demo\.ts/],
    [
      'the command line in app.ts',
      'agent/app.ts',
      "import './cli/run.ts';",
      /:1 imports agent\/cli\/run\.ts/,
    ],
    [
      'options that know the agent',
      'agent/http/options.ts',
      "import '../errors.ts';",
      /imports agent\/errors\.ts/,
    ],
    ['options with a package', 'agent/http/options.ts', "import 'ioredis';", /imports ioredis: not allowed/],
    [
      'a package that is not a dependency',
      'agent/app.ts',
      "import x from 'tsx/esm';",
      /imports tsx: not allowed/,
    ],
    ['an unknown folder', 'agent/utils/a.ts', '', /^agent\/utils\/a\.ts: no row/],
  ];
  for (const [name, file, text, place] of refused) {
    test(`refuses ${name}`, () => {
      const found = check({ [file]: text });
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, place);
    });
  }

  test('lets pass what the table allows', () => {
    const found = check({
      'agent/sources/host/a.ts':
        "import { z } from './options.ts';\nimport type { Source } from '../source.ts';\nimport '../../../workers/point/point.ts';",
      'agent/pipeline/tick-pool.ts': `new URL(\`../../workers/tasks/\${name}.ts\`, import.meta.url)`,
      'agent/cli/run.ts': "const { startApp } = await import('../app.ts');\nimport { z } from 'zod';",
      'workers/store/database.ts': "const load = createRequire(import.meta.url);\nload('libsql');",
    });
    assert.deepEqual(found, []);
  });

  test('reads past comments, quotes in regular expressions, and divisions', () => {
    const found = check({
      'workers/point/a.ts': [
        "// import '../../agent/a.ts';",
        "/* import '../../agent/b.ts'; */",
        'const quoted = /["\'`/]+/.test(x) && y / 2 / 3;',
        "const url = 'http://x'; await import('../../agent/c.ts');",
        "import '../../agent/d.ts'; // x",
      ].join('\n'),
    });
    assert.deepEqual(
      found.map((text) => text.split(':', 2)[1]!),
      ['4 imports agent/c.ts', '5 imports agent/d.ts'],
    );
  });

  test('finds cycles, through types and between several files', () => {
    const found = cycles(
      new Map([
        ['agent/a.ts', "import type { B } from './x/b.ts';"],
        ['agent/x/b.ts', "import { c } from './c.ts';"],
        ['agent/x/c.ts', "export { a } from '../a.ts';"],
        ['agent/x/d.ts', "import { c } from './c.ts';"],
      ]),
    );
    assert.deepEqual(found, ['agent/a.ts → agent/x/b.ts → agent/x/c.ts → agent/a.ts']);
  });
});
