/**
 * Bundles the dashboard into dist/dashboard/ (or the folder named): index.html, app-HASH.js, app-HASH.css, each with a
 * .br and a .gz beside it. Fails when script and styles compress to more than the page may weigh.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const mostBytes = 150 * 1024;
const source = fileURLToPath(new URL('../agent/http/dashboard/', import.meta.url));
const packages = fileURLToPath(new URL('../node_modules/', import.meta.url));
const folder = process.argv[2] ?? fileURLToPath(new URL('../dist/dashboard/', import.meta.url));

const { outputFiles } = await build({
  entryPoints: { app: join(source, 'main.tsx') },
  entryNames: '[name]-[hash]',
  outdir: folder,
  tsconfig: join(source, 'tsconfig.json'),
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  charset: 'utf8',
  define: { 'process.env.NODE_ENV': '"production"' },
});

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
let sentBytes = 0;
let page = await readFile(join(source, 'index.html'), 'utf8');
for (const { path, contents } of outputFiles) {
  const name = basename(path);
  page = page.replace(`/app.${name.split('.').at(-1)}`, `/${name}`);
  sentBytes += await put(name, contents);
}
await put('index.html', Buffer.from(page));
// Their licences ask to be shipped with them.
for (const name of ['preact', 'uplot']) {
  await copyFile(join(packages, name, 'LICENSE'), join(folder, `LICENSE.${name}`));
}
process.stdout.write(`dashboard: ${(sentBytes / 1024).toFixed(1)} KB compressed\n`);
if (sentBytes > mostBytes) {
  process.stderr.write(`dashboard: more than the ${mostBytes / 1024} KB that it may weigh\n`);
  process.exitCode = 1;
}

/** Writes a file and its compressed forms; answers how many bytes the larger of those has. */
async function put(name: string, contents: Uint8Array): Promise<number> {
  const gzip = gzipSync(contents, { level: 9 });
  const brotli = brotliCompressSync(contents, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
    },
  });
  await writeFile(join(folder, name), contents);
  await writeFile(join(folder, `${name}.gz`), gzip);
  await writeFile(join(folder, `${name}.br`), brotli);
  return Math.max(gzip.length, brotli.length);
}
