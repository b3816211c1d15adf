import { posix } from 'node:path';
import { readReferences } from './import-reader.ts';

/** One line of an import table. */
export interface Row {
  /**
   * Files that the row is about; the first row that fits a file counts. `*` is any name, `**` any depth,
   * `{a,b}` either.
   */
  readonly from: string;
  /** What they may import beside their own folder (where `from` has a `*`, one folder of those). `!` takes out. */
  readonly may: readonly string[];
  /** What they may start as a worker, by `new URL(…, import.meta.url)`. */
  readonly starts?: readonly string[];
  /** The only npm packages they may import; without it, any of the product's dependencies. */
  readonly packages?: readonly string[];
  /** Packages that are built into what is shipped, so that they need not be installed beside it. */
  readonly bundled?: readonly string[];
  /** The row is about single files: their folder is not theirs. */
  readonly single?: true;
}

/** Files that are no module of ours but may be read by place from anywhere. */
const readable = ['package.json', '../package.json', 'config/**'];

/** Source text by its path from the top of the repository. */
export type Files = ReadonlyMap<string, string>;

/** Every offence against the table, as `file:line imports X: not allowed for Y (allowed: …)`. */
export function offences(table: readonly Row[], files: Files, packages: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const [file, text] of files) {
    const row = table.find(({ from }) => fits(from, file));
    if (!row) {
      found.push(`${file}: no row of the import table is about this folder`);
      continue;
    }
    for (const { specifier, kind, line } of readReferences(text)) {
      const place = `${file}:${line}`;
      if (specifier === null) {
        found.push(`${place} imports an expression: write the path as text, so that it can be checked`);
      } else if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(file), specifier);
        const allowed = allowedFor(row, file, kind);
        if (!isAllowed(target, allowed))
          found.push(
            `${place} imports ${target}: not allowed for ${row.from} (allowed: ${allowed.join(', ')})`,
          );
      } else if (kind === 'import' && !specifier.startsWith('node:')) {
        const name = packageName(specifier);
        if (row.bundled?.includes(name)) continue;
        const allowed = row.packages ?? [...packages];
        if (!allowed.includes(name))
          found.push(
            `${place} imports ${name}: not allowed for ${row.from} (allowed: ${allowed.join(', ')})`,
          );
        else if (!packages.has(name))
          found.push(`${place} imports ${name}: not in package.json's dependencies`);
      }
    }
  }
  return found;
}

function allowedFor(row: Row, file: string, kind: 'import' | 'url'): string[] {
  const own = row.single ? [] : [`${ownFolder(row.from, file)}/**`];
  return [...own, ...row.may, ...(kind === 'url' ? [...(row.starts ?? []), ...readable] : ['package.json'])];
}

function isAllowed(target: string, allowed: readonly string[]): boolean {
  if (allowed.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1), target))) return false;
  return allowed.some((pattern) => fits(pattern, target));
}

/** The folder that the row is about, seen from `file`: `agent/sources/host` where the row has a `*`. */
function ownFolder(from: string, file: string): string {
  const depth = from.replace('/**', '').split('/').length;
  return file.split('/').slice(0, depth).join('/');
}

function fits(pattern: string, file: string): boolean {
  const source = pattern
    .replaceAll('.', '\\.')
    .replace(/\{([^}]*)\}/g, (_, names: string) => `(?:${names.replaceAll(',', '|')})`)
    .replace(/\*\*\/?|\*/g, (star) => (star === '*' ? '[^/]*' : star === '**' ? '.+' : '(?:[^/]+/)*'));
  return new RegExp(`^${source}$`).test(file);
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Import cycles as `a → b → a`, at least one of every knot, from its first name in the alphabet. Types count. */
export function cycles(files: Files): string[] {
  const edges = new Map<string, string[]>();
  for (const [file, text] of files) {
    const targets = readReferences(text)
      .filter(({ specifier, kind }) => kind === 'import' && specifier?.startsWith('.'))
      .map(({ specifier }) => posix.join(posix.dirname(file), specifier!));
    edges.set(file, targets);
  }
  const found = new Set<string>();
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const seenAt = path.indexOf(file);
    if (seenAt >= 0) {
      const ring = path.slice(seenAt);
      const first = ring.indexOf([...ring].sort()[0]!);
      const turned = [...ring.slice(first), ...ring.slice(0, first)];
      found.add([...turned, turned[0]!].join(' → '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return [...found];
}
