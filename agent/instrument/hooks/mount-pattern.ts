/** What is used of a layer of an Express router, of whichever version. */
export interface Layer {
  handle: unknown;
  name: string;
  readonly route?: Route | undefined;
  /** Express 4: a boolean, and `path` and `params` hold the match. router 2.0 to 2.2 the same; from 2.3 on an object. */
  match(path: string): unknown;
  readonly path?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** Express 4. */
  readonly regexp?: (RegExp & { readonly fast_slash?: boolean }) | undefined;
  readonly keys?: readonly { readonly name: string | number; readonly optional?: boolean }[] | undefined;
  /** From router 2.0 on: mounted at '/'. */
  readonly slash?: boolean | undefined;
  /** From router 2.3 on: what `use` was given. */
  readonly rawPath?: unknown;
}

export interface Route {
  readonly path: unknown;
}

/** A path of Express as one text: a regular expression is its source, alternatives stand in brackets. */
export function patternOf(path: unknown): string {
  if (Array.isArray(path)) {
    const all = path.flat(Number.POSITIVE_INFINITY).map(patternOf);
    return all.length === 1 ? all[0]! : `(${all.join('|')})`;
  }
  if (path instanceof RegExp) return path.source;
  const text = String(path);
  return text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text;
}

/** Puts the pattern of a route or mount behind that of the mounts around it. */
export function joined(prefix: string, own: string): string {
  if (own === '/' || own === '') return prefix === '' ? '/' : prefix;
  if (prefix === '') return own;
  return own.startsWith('/') || own.startsWith('(') ? prefix + own : `${prefix}/${own}`;
}

/**
 * The path that a layer was mounted at: '' for '/', null where the version of Express keeps no trace of it. Express 4
 * keeps the regular expression that path-to-regexp 0.1 made of it, which is read back; one that the application gave
 * is its source.
 */
export function mountPattern(layer: Layer): string | null {
  if (layer.rawPath !== undefined) return layer.rawPath === '/' ? '' : patternOf(layer.rawPath);
  if (layer.regexp !== undefined)
    return layer.regexp.fast_slash === true ? '' : readBack(layer.regexp.source, layer.keys ?? []);
  return layer.slash === true ? '' : null;
}

/** What path-to-regexp 0.1 puts behind a path that may go on. */
const openEnd = /(?:\\\/)?\??\(\?=\\\/\|\$\)/;

function readBack(source: string, keys: NonNullable<Layer['keys']>): string {
  const alternatives = source.split('|^');
  if (alternatives.some((one) => !openEnd.test(one))) return source;
  let keyIndex = 0;
  const patterns = alternatives.map((one) => {
    let pattern = '';
    let rest = one.replace(/^\^/, '').replace(new RegExp(`${openEnd.source}$`), '');
    while (rest !== '') {
      if (rest[0] === '(') {
        const end = groupEnd(rest);
        const group = rest.slice(0, end);
        const key = keys[keyIndex];
        keyIndex += group.match(/\((?!\?[:=!])/g)?.length ?? 0;
        const slash = (/^\((?:\?:)?((?:\\[/.])*)/.exec(group)?.[1] ?? '').replaceAll('\\', '');
        const optional = rest[end] === '?' ? '?' : '';
        pattern +=
          key === undefined || typeof key.name === 'number' ? `${slash}*` : `${slash}:${key.name}${optional}`;
        rest = rest.slice(optional === '' ? end : end + 1);
      } else {
        const length = rest[0] === '\\' ? 2 : 1;
        pattern += rest.slice(length - 1, length);
        rest = rest.slice(length);
      }
    }
    return pattern;
  });
  return patterns.length === 1 ? patterns[0]! : `(${patterns.join('|')})`;
}

/** Where the group that `text` begins with ends. */
function groupEnd(text: string): number {
  let depth = 0;
  let isInClass = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (isInClass) isInClass = char !== ']';
    else if (char === '[') isInClass = true;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}

/** How a layer matched: the text that it took, and its pattern where only the match tells it. */
export interface MountMatch {
  readonly path: string;
  readonly pattern: string;
}

/** Lets the layer itself match the beginning of `path`; null when it does not. */
export function matchMount(layer: Layer, pattern: string | null, path: string): MountMatch | null {
  let match: unknown;
  try {
    match = layer.match(path === '' ? '/' : path);
  } catch {
    return null;
  }
  if (!match) return null;
  const { path: taken = '', params = {} } = (typeof match === 'object' ? match : layer) as Layer;
  return { path: taken, pattern: pattern ?? namedSegments(taken, params) };
}

/** Of router 2.0 to 2.2: the text that matched, with the values of parameters replaced by their names. */
function namedSegments(path: string, params: Readonly<Record<string, unknown>>): string {
  const names = Object.entries(params);
  let isNamed = false;
  const segments = path.split('/').map((segment) => {
    const name = names.find(([, value]) => value === segment || value === decoded(segment));
    if (name !== undefined) isNamed = true;
    return name === undefined ? segment : `:${name[0]}`;
  });
  if (names.length > 0 && !isNamed) return '/*';
  return segments.join('/').toLowerCase() === path.toLowerCase() ? path.toLowerCase() : segments.join('/');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
