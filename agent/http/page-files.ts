import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { packageFolder } from './package-folder.ts';

/** One file of the page with its packed forms, each read when first asked for. */
export interface PageFile {
  /** As in the folder: `index.html`, `app-3F2A.js`. */
  readonly name: string;
  readonly type: string;
  /** Its content; `br` or `gzip` where the build made it and the client takes it. */
  read(acceptEncoding: string | undefined): Promise<PageContent>;
}

export interface PageContent {
  readonly encoding: 'br' | 'gzip' | undefined;
  readonly bytes: Buffer;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
};
const packings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** Where the build puts the page. */
export function pageFolder(): string {
  return join(packageFolder(), 'dist', 'dashboard');
}

/**
 * The page's files, by listing their folder once: only what is found now is ever served, whatever names are asked for.
 * Links and folders are left out. Empty when the page was not built.
 */
export async function listPageFiles(folder: string): Promise<PageFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  return [...names].flatMap((name) => {
    const type = types[extname(name)];
    return type === undefined ? [] : [pageFile(folder, name, type, names)];
  });
}

function pageFile(folder: string, name: string, type: string, names: ReadonlySet<string>): PageFile {
  const kept = new Map<string, Promise<Buffer>>();
  const contentOf = (path: string) => {
    const bytes = kept.get(path) ?? readFile(path);
    kept.set(path, bytes);
    return bytes.catch((error: unknown) => {
      kept.delete(path);
      throw error;
    });
  };
  return {
    name,
    type,
    read: async (acceptEncoding) => {
      const packed = packings.find(
        ([encoding, end]) => takes(acceptEncoding, encoding) && names.has(name + end),
      );
      return { encoding: packed?.[0], bytes: await contentOf(join(folder, name + (packed?.[1] ?? ''))) };
    },
  };
}

/** RFC 9110, section 12.5.3, without `*`: what is not named is not sent. */
function takes(header: string | undefined, encoding: string): boolean {
  const found = header?.split(',').find((one) => one.split(';', 1)[0]!.trim().toLowerCase() === encoding);
  return found !== undefined && !/;\s*q=0(\.0*)?\s*$/i.test(found);
}
