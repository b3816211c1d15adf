/** A place in a source file that names another module. */
export interface Reference {
  /** As written; `${…}` in a template is `*`. Null when it is an expression that cannot be read as text. */
  readonly specifier: string | null;
  /** `url`: named by `new URL(…, import.meta.url)`, so started or read, not imported. */
  readonly kind: 'import' | 'url';
  readonly line: number;
}

const literal = String.raw`(?:'([^'\n]*)'|"([^"\n]*)"|\x60([^\x60\n]*)\x60)`;

/** Each finds one way of naming a module; the first group that took part is the specifier. */
const patterns: readonly { readonly kind: Reference['kind']; readonly pattern: RegExp }[] = [
  {
    kind: 'import',
    pattern: new RegExp(String.raw`^[ \t]*(?:import|export)\b[^'"\x60;()]*?\bfrom\s*${literal}`, 'gm'),
  },
  { kind: 'import', pattern: new RegExp(String.raw`^[ \t]*import\s*${literal}`, 'gm') },
  { kind: 'import', pattern: new RegExp(String.raw`\bimport\s*\(\s*(?:${literal}\s*[,)])?`, 'g') },
  {
    kind: 'import',
    pattern: new RegExp(String.raw`\brequire(?:\.resolve)?\s*\(\s*(?:${literal}\s*[,)])?`, 'g'),
  },
  {
    kind: 'import',
    pattern: new RegExp(String.raw`\bimport\.meta\.resolve\s*\(\s*(?:${literal}\s*[,)])?`, 'g'),
  },
  {
    kind: 'import',
    pattern: new RegExp(String.raw`\bcreateRequire\([^()]*\)\s*\(\s*(?:${literal}\s*[,)])?`, 'g'),
  },
  {
    kind: 'url',
    pattern: new RegExp(
      String.raw`\bnew\s+URL\s*\(\s*(?:${literal}|[^(),]+)\s*,\s*import\.meta\.url\s*\)`,
      'g',
    ),
  },
];

/**
 * Every module that TypeScript text names: `import` and `export … from` with types, `import()` in code and in
 * types, `require` however it was made by `createRequire`, `import.meta.resolve`, `new URL(…, import.meta.url)`.
 * The text is read as text, because TypeScript 7 has no compiler API; comments do not count.
 */
export function readReferences(source: string): Reference[] {
  const text = withoutComments(source);
  const found: Reference[] = [];
  for (const { kind, pattern } of [...patterns, ...requirersOf(text)]) {
    for (const match of text.matchAll(pattern)) {
      const specifier = match.slice(1).find((group) => group !== undefined) ?? null;
      const start = match.index + match[0].search(/\S/);
      found.push({
        specifier: specifier?.replace(/\$\{[^}]*\}/g, '*') ?? null,
        kind,
        line: text.slice(0, start).split('\n').length,
      });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** `const load = createRequire(…)` makes every `load('x')` an import. */
function requirersOf(text: string): { kind: 'import'; pattern: RegExp }[] {
  const names = [...text.matchAll(/\b(\w+)\s*=\s*createRequire\s*\([^()]*\)(?!\s*\()/g)].map(
    (match) => match[1]!,
  );
  return names
    .filter((name) => name !== 'require')
    .map((name) => ({
      kind: 'import',
      pattern: new RegExp(String.raw`(?<![.\w])${name}(?:\.resolve)?\s*\(\s*(?:${literal}\s*[,)])?`, 'g'),
    }));
}

/**
 * The text with comments, regular expressions and templates of several lines blanked; places and line breaks stay.
 * A slash begins a regular expression where a value may begin, that is after an operator, a bracket or a keyword.
 */
function withoutComments(source: string): string {
  const tokens =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g;
  let text = '';
  let at = 0;
  for (let match = tokens.exec(source); match; match = tokens.exec(source)) {
    const token = match[0];
    const before = text + source.slice(at, match.index);
    const isSlash = token.startsWith('/') && !token.startsWith('//') && !token.startsWith('/*');
    if (isSlash && !/(?:^|[(,=:[!&|?{};+\n>]|\breturn|\btypeof|\bcase)\s*$/.test(before.slice(-40))) {
      // A division: only the slash itself is passed over.
      text = `${before}/`;
      at = match.index + 1;
    } else {
      const keep = /^['"]/.test(token) || (token.startsWith('`') && !token.includes('\n'));
      text = before + (keep ? token : token.replace(/[^\n]/g, ' '));
      at = match.index + token.length;
    }
    tokens.lastIndex = at;
  }
  return text + source.slice(at);
}
