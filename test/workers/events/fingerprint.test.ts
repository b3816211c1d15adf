import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseStack } from '../../../workers/events/error-stack.ts';
import { fingerprintOf, stackKeyOf } from '../../../workers/events/fingerprint.ts';

function ofStack(...lines: string[]): string {
  return fingerprintOf('Error', 'boom', stackKeyOf(parseStack(lines.map((line) => `at ${line}`).join('\n'))));
}

test('a fingerprint is 16 hexadecimal digits, of type, message and stack', () => {
  const stack = stackKeyOf(parseStack('at save (/srv/app/src/contacts.js:10:5)'));
  const fingerprint = fingerprintOf('Error', 'boom', stack);
  assert.match(fingerprint, /^[0-9a-f]{16}$/);
  assert.equal(fingerprintOf('Error', 'boom', stack), fingerprint);
  assert.notEqual(fingerprintOf('TypeError', 'boom', stack), fingerprint);
  assert.notEqual(fingerprintOf('Error', 'bang', stack), fingerprint);
  assert.notEqual(fingerprintOf('Error', 'boom', ''), fingerprint);
  assert.equal(fingerprintOf('Error', 'boom 1', ''), fingerprintOf('Error', 'boom 2', ''));
});

const save = 'save (/srv/app/src/contacts.js:10:5)';

const alike: readonly (readonly [what: string, a: string[], b: string[]])[] = [
  ['an edit elsewhere in the file', [save], ['save (/srv/app/src/contacts.js:99:7)']],
  ['a folder of another release', [save], ['save (/opt/releases/2026-11-23/src/contacts.js:10:5)']],
  ['Windows', [save], ['save (C:\\srv\\app\\src\\contacts.js:10:5)']],
  ['a file: URL', [save], ['save (file:///srv/app/src/contacts.js:10:5)']],
  ['a file: URL of Windows', [save], ['save (file:///C:/app/src/contacts.js:10:5)']],
  ['a query of the module', [save], ['save (file:///srv/app/src/contacts.js?t=17:10:5)']],
  ['after an await', [save], ['async save (/srv/app/src/contacts.js:10:5)']],
  ['a general receiver', [save], ['Object.save (/srv/app/src/contacts.js:10:5)']],
  ['another name of the method', [save], ['Module.save [as run] (/srv/app/src/contacts.js:10:5)']],
  ['frames of packages', [save, 'next (/srv/app/node_modules/express/lib/router.js:1:2)'], [save]],
  [
    'frames of Node',
    [save, 'process.processTicksAndRejections (node:internal/process/task_queues:95:5)'],
    [save],
  ],
  ['native frames', [save, 'Array.map (<anonymous>)', 'async Promise.all (index 3)'], [save]],
  ['recursion', [save, save, save], [save]],
  [
    'mutual recursion',
    ['a12 (/s/x.js:1:1)', 'b12 (/s/x.js:2:1)'],
    ['a12 (/s/x.js:1:1)', 'b12 (/s/x.js:2:1)', 'a12 (/s/x.js:1:1)'],
  ],
  ['the hash of a build', ['save (/app/dist/index-3f9a2c.js:1:1)'], ['save (/app/dist/index-77e01d.js:5:1)']],
  [
    'the hash of webpack',
    ['save (/app/dist/main.8b7cd1f0a2e4.chunk.js:1:1)'],
    ['save (/app/dist/main.0123456789ab.chunk.js:1:1)'],
  ],
  [
    'the hash of Vite',
    ['save (/app/dist/index-B7x_k2Qp.js:1:1)'],
    ['save (/app/dist/index-Dk93mxQA.js:1:1)'],
  ],
  [
    'the hash of esbuild',
    ['save (/app/dist/chunk-QWERTYUI.js:1:1)'],
    ['save (/app/dist/chunk-3ABCDE7Z.js:1:1)'],
  ],
  ['an edit elsewhere, without a name', ['/srv/app/src/contacts.js:10:5'], ['/srv/app/src/contacts.js:90:5']],
  ['a new build of minified code', ['t.a (/app/dist/main.js:1:20345)'], ['e.x (/app/dist/main.js:1:20411)']],
  [
    'eval of the same place',
    ['eval (eval at run (/srv/app/src/x.js:1:5), <anonymous>:1:7)'],
    ['eval (eval at run (/srv/app/src/x.js:9:5), <anonymous>:1:9)'],
  ],
  [
    'a version of a package, where there is no own frame',
    ['f12 (/a/node_modules/.pnpm/pg@8.1.0/node_modules/pg/lib/c.js:1:2)'],
    ['f12 (/b/node_modules/.pnpm/pg@8.2.0/node_modules/pg/lib/c.js:9:2)'],
  ],
];

const different: readonly (readonly [what: string, a: string[], b: string[]])[] = [
  ['functions', [save], ['load (/srv/app/src/contacts.js:10:5)']],
  ['classes', ['Contact.save (/srv/app/src/x.js:1:1)'], ['Deal.save (/srv/app/src/x.js:1:1)']],
  ['constructor and function', ['new Contact (/srv/app/src/x.js:1:1)'], ['Contact (/srv/app/src/x.js:1:1)']],
  ['files', [save], ['save (/srv/app/src/deals.js:10:5)']],
  [
    'folders of files of one name',
    ['save (/srv/app/contacts/index.js:1:1)'],
    ['save (/srv/app/deals/index.js:1:1)'],
  ],
  [
    'callers',
    [save, 'importAll (/srv/app/src/import.js:1:1)'],
    [save, 'update (/srv/app/src/routes.js:1:1)'],
  ],
  [
    'functions without a name in one file',
    ['/srv/app/src/routes.js:10:15'],
    ['/srv/app/src/routes.js:20:33'],
  ],
  [
    'packages, where there is no own frame',
    ['run (/srv/app/node_modules/pg/lib/client.js:1:1)'],
    ['run (/srv/app/node_modules/mysql/lib/client.js:1:1)'],
  ],
  [
    'names that only look like a hash',
    ['save (/app/src/contact-import.js:1:1)'],
    ['save (/app/src/contact-export.js:1:1)'],
  ],
];

describe('one group', () => {
  for (const [what, a, b] of alike)
    test(`in spite of ${what}`, () => assert.equal(ofStack(...a), ofStack(...b)));
});

describe('two groups', () => {
  for (const [what, a, b] of different)
    test(`for different ${what}`, () => assert.notEqual(ofStack(...a), ofStack(...b)));
});
