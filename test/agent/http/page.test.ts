import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { sendRaw, startHttp, testFolder } from './running-server.ts';
import '../../support/watchdog.ts';

const script = 'console.log("nova")';
const html = '<!doctype html><title>nova-agent</title><script src="/app-0A1B2C3D.js" type="module"></script>';

/** A built page in a folder of its own, with what must never be reached beside and in it. */
async function builtPage(t: TestContext): Promise<string> {
  const outside = await testFolder(t);
  await writeFile(join(outside, 'secret.txt'), 'a secret');
  await writeFile(join(outside, 'secret.js'), 'a secret');
  const folder = join(outside, 'dashboard');
  await mkdir(join(folder, 'inner'), { recursive: true });
  await writeFile(join(folder, 'inner', 'secret.js'), 'a secret');
  await writeFile(join(folder, 'index.html'), html);
  await writeFile(join(folder, 'app-0A1B2C3D.js'), script);
  await writeFile(join(folder, 'app-0A1B2C3D.js.br'), brotliCompressSync(script));
  await writeFile(join(folder, 'app-0A1B2C3D.js.gz'), gzipSync(script));
  await writeFile(join(folder, 'app-0A1B2C3D.css'), 'body{}');
  await writeFile(join(folder, '.env'), 'a secret');
  await writeFile(join(folder, 'notes.txt'), 'a secret');
  await symlink(join(outside, 'secret.js'), join(folder, 'link.js'));
  await symlink(outside, join(folder, 'up'));
  return folder;
}

async function withPage(t: TestContext) {
  return startHttp(t, { pageFolder: await builtPage(t) });
}

for (const path of ['/', '/login', '/?x=1']) {
  test(`${path} is the page, without a token and with nothing inline allowed`, async (t) => {
    const { ask } = await withPage(t);
    const answer = await ask(path);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, html);
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const policy = String(answer.headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(answer.headers['x-frame-options'], 'DENY');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['referrer-policy'], 'no-referrer');
  });
}

test('files with a hash in their name may be kept for ever', async (t) => {
  const { ask } = await withPage(t);
  const answer = await ask('/app-0A1B2C3D.js');
  assert.equal(answer.text, script);
  assert.equal(answer.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal((await ask('/app-0A1B2C3D.css')).headers['content-type'], 'text/css; charset=utf-8');
});

for (const [accepts, encoding] of [
  ['gzip, deflate, br', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['br;q=1.0', 'br'],
  ['identity', undefined],
  ['xbr', undefined],
] as const) {
  test(`who accepts ${accepts} gets ${encoding ?? 'the plain file'}`, async (t) => {
    const { ask } = await withPage(t);
    const answer = await ask('/app-0A1B2C3D.js', { headers: { 'accept-encoding': accepts } });
    assert.equal(answer.headers['content-encoding'], encoding);
    assert.equal(answer.headers.vary, 'Accept-Encoding');
  });
}

test('a file that was not packed is sent as it is', async (t) => {
  const { ask } = await withPage(t);
  const answer = await ask('/app-0A1B2C3D.css', { headers: { 'accept-encoding': 'br' } });
  assert.equal(answer.headers['content-encoding'], undefined);
  assert.equal(answer.text, 'body{}');
});

const ways = [
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/%2e%2e%2fsecret.js',
  '/..%5csecret.js',
  '/..\\secret.js',
  '//secret.js',
  '/./../secret.js',
  '/inner/secret.js',
  '/inner%2fsecret.js',
  '/up/secret.js',
  '/link.js',
  '/secret.js%00.js',
  '/app-0A1B2C3D.js%00',
  '/%00',
  '/.env',
  '/%2eenv',
  '/notes.txt',
  '/app-0A1B2C3D.js.br',
  '/app-0a1b2c3d.js',
  '/index.html/../../secret.js',
  'http://localhost/../secret.js',
];

for (const way of ways) {
  test(`${way} reaches no file`, async (t) => {
    const { address } = await withPage(t);
    const text = await sendRaw(
      address.port,
      `GET ${way} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    assert.match(text, /^HTTP\/1\.1 (400|401) /);
    assert.doesNotMatch(text, /secret|console/);
  });
}

test('without a built page it is said how to build it', async (t) => {
  const { ask } = await startHttp(t, { pageFolder: join(await testFolder(t), 'nothing') });
  const answer = await ask('/');
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(answer.text, /npm run build/);
});

test('the page answers HEAD without a body', async (t) => {
  const { ask } = await withPage(t);
  const answer = await ask('/', { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '');
});
