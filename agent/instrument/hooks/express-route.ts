import { type SeenRequest, unmatched } from './exchange.ts';
import { joined, type Layer, matchMount, mountPattern, patternOf, type Route } from './mount-pattern.ts';

/** What Express leaves on a request. */
export interface ExpressRequest extends SeenRequest {
  readonly app?: App;
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  /** The route that was last tried: it stays when that passed the request on. */
  readonly route?: Route;
  readonly params?: object;
  /** Of the router that has the request; undefined again once the outermost one gave it up. */
  readonly next?: unknown;
}

export interface Router {
  readonly stack: Layer[];
}

export interface App {
  readonly parent?: App;
  readonly mountpath?: unknown;
  /** Express 4. */
  readonly _router?: Router;
  /** Express 5; in Express 4 reading it throws. */
  readonly router?: Router;
}

/** The mounts that lead to a route, outermost first, those at '/' left out. */
interface Chain {
  readonly mounts: readonly { readonly layer: Layer; readonly pattern: string | null }[];
  /** The patterns of all of them as one; null where only a match tells. */
  readonly prefix: string | null;
  /** The application says that it is mounted elsewhere: only when nothing else fits. */
  readonly isUnlikely: boolean;
}

interface RouteEntry {
  readonly own: string;
  readonly params: readonly string[];
  chains: Chain[];
  /** By the pattern of the mounts: the same text every time, so that nothing has to be built for a request. */
  readonly labels: Map<string, string>;
  /** The answer for the base path that was asked for last. */
  base: string | undefined;
  label: string;
  /** When the tree was last walked in search of it, on the monotonic clock in ms. */
  walkedMs: number;
}

const entries = new WeakMap<Route, RouteEntry>();
const walkEveryMs = 1000;
const mostDepth = 24;
const mostMountLabels = 200;

/** The router of an application, of whichever version. */
export function routerOf(app: App | undefined): Router | undefined {
  try {
    return app?._router ?? app?.router;
  } catch {
    return undefined;
  }
}

/**
 * The pattern of what answers a request of Express 4 or 5: the route behind the patterns of the mounts around it, the
 * mount where a mounted function answers by itself, or `unmatched`.
 *
 * It is told from what Express leaves on the request and from its routers, so that nothing has to be put between
 * Express and a handler, where it would show in every stack. A route that passed the request on to a function which
 * then answers 404 is recognised by its parameters, where it has any.
 */
export function expressRoute(req: ExpressRequest, status: number): string {
  if (req.next === undefined) return unmatched;
  const base = req.baseUrl ?? '';
  if (req.route !== undefined) {
    const entry = entryOf(req.route);
    const label = labelOf(entry, req, base);
    if (label !== '' && !(status === 404 && hasPassedOn(entry, req))) return label;
  }
  return base === '' || status === 404 ? unmatched : mountLabel(req, base);
}

function entryOf(route: Route): RouteEntry {
  let entry = entries.get(route);
  if (entry === undefined) {
    const params = typeof route.path === 'string' ? paramsOf(route.path) : [];
    const own = patternOf(route.path);
    entry = {
      own,
      params,
      chains: [],
      labels: new Map(),
      base: undefined,
      label: '',
      walkedMs: Number.NEGATIVE_INFINITY,
    };
    entries.set(route, entry);
  }
  return entry;
}

/** Parameters that a match must have: none where some may be left out. */
function paramsOf(path: string): string[] {
  if (/[{(*?]/.test(path)) return [];
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
}

function hasPassedOn(entry: RouteEntry, req: ExpressRequest): boolean {
  return entry.params.some((name) => req.params === undefined || !(name in req.params));
}

/** '' where the route does not lie below `base`: it was tried before, elsewhere. */
function labelOf(entry: RouteEntry, req: ExpressRequest, base: string): string {
  if (entry.base === base) return entry.label;
  let prefix = prefixOf(entry.chains, base, true);
  if (prefix === null && performance.now() - entry.walkedMs > walkEveryMs) {
    walk(req.app);
    entry.walkedMs = performance.now();
    prefix = prefixOf(entry.chains, base, true);
  }
  if (prefix === null && entry.chains.length > 0) return '';
  entry.label = labelBehind(entry, prefix ?? (base === '' ? '' : '*'));
  entry.base = base;
  return entry.label;
}

/**
 * The pattern of the route that an error came from. On its way to whoever handles it the base path has been taken
 * back; the whole URL is still there.
 */
export function failedRoute(req: ExpressRequest): string {
  if (req.route === undefined) return unmatched;
  const entry = entryOf(req.route);
  if (entry.chains.length === 0) walk(req.app);
  const path = /^[^?#]*/.exec(req.originalUrl ?? '')![0];
  return labelBehind(entry, prefixOf(entry.chains, path, false) ?? (entry.chains.length > 0 ? '*' : ''));
}

function labelBehind(entry: RouteEntry, prefix: string): string {
  let label = entry.labels.get(prefix);
  if (label === undefined) {
    if (entry.labels.size >= mostMountLabels) entry.labels.clear();
    label = joined(prefix, entry.own);
    entry.labels.set(prefix, label);
  }
  return label;
}

function prefixOf(chains: readonly Chain[], base: string, isWhole: boolean): string | null {
  for (const chain of chains) {
    let rest: string | null = base;
    let prefix = '';
    for (const { layer, pattern } of chain.mounts) {
      const match = matchMount(layer, pattern, rest);
      if (match === null) {
        rest = null;
        break;
      }
      rest = behind(rest, match.path);
      if (chain.prefix === null) prefix = joined(prefix, match.pattern);
    }
    if (rest === null || (isWhole && rest !== '' && rest !== '/')) continue;
    return chain.prefix ?? prefix;
  }
  return null;
}

function behind(path: string, taken: string): string {
  return path.slice(taken.endsWith('/') ? taken.length - 1 : taken.length);
}

/** Notes for every route that can be found by which mounts it is reached. */
function walk(app: App | undefined): void {
  const apps = withParents(app);
  const top = routerOf(apps[0]);
  if (top === undefined) return;
  const found = new Map<Route, Chain[]>();
  const visit = (router: Router, around: Chain, depth: number, appIndex: number): void => {
    for (const layer of router.stack) {
      if (layer.route !== undefined) {
        found.set(layer.route, [...(found.get(layer.route) ?? []), around]);
        continue;
      }
      const child = childOf(layer, apps[appIndex + 1]);
      if (child === undefined || depth > mostDepth) continue;
      const inside = chainThrough(around, layer, child.app);
      visit(child.router, inside, depth + 1, child.app === undefined ? appIndex : appIndex + 1);
    }
  };
  visit(top, { mounts: [], prefix: '', isUnlikely: false }, 0, 0);
  for (const [route, chains] of found) {
    const entry = entryOf(route);
    entry.chains = chains.sort((a, b) => Number(a.isUnlikely) - Number(b.isUnlikely));
    entry.base = undefined;
  }
}

function withParents(app: App | undefined): App[] {
  const apps: App[] = [];
  for (let one = app; one !== undefined && apps.length < mostDepth; one = one.parent) apps.unshift(one);
  return apps;
}

function chainThrough(around: Chain, layer: Layer, app: App | undefined): Chain {
  const pattern = mountPattern(layer);
  const isElsewhere = app !== undefined && pattern !== joined('', patternOf(app.mountpath));
  const isUnlikely = around.isUnlikely || isElsewhere;
  if (pattern === '') return { ...around, isUnlikely };
  const isKnown = around.prefix !== null && pattern !== null;
  return {
    mounts: [...around.mounts, { layer, pattern }],
    prefix: isKnown ? joined(around.prefix, pattern) : null,
    isUnlikely,
  };
}

/** The router behind a layer. A mounted application hides behind a closure: it can only be the one that has the request. */
function childOf(layer: Layer, nextApp: App | undefined): { router: Router; app?: App } | undefined {
  if (layer.name === 'mounted_app') {
    const router = routerOf(nextApp);
    return router === undefined ? undefined : { router, app: nextApp! };
  }
  const { handle } = layer;
  if (typeof handle !== 'function') return undefined;
  if (Array.isArray((handle as unknown as Router).stack)) return { router: handle as unknown as Router };
  if (!('handle' in handle && 'set' in handle)) return undefined;
  const router = routerOf(handle as unknown as App);
  return router === undefined ? undefined : { router };
}

const mountLabels = new WeakMap<Router, Map<string, string>>();

/** The pattern of the mounts that make up `base`. */
function mountLabel(req: ExpressRequest, base: string): string {
  const apps = withParents(req.app);
  const top = routerOf(apps[0]);
  if (top === undefined) return unmatched;
  let labels = mountLabels.get(top);
  if (labels === undefined || labels.size >= mostMountLabels) {
    labels = new Map();
    mountLabels.set(top, labels);
  }
  let label = labels.get(base);
  if (label === undefined) {
    label = findMount(top, base, apps, 0, 0) ?? unmatched;
    labels.set(base, label);
  }
  return label;
}

function findMount(
  router: Router,
  base: string,
  apps: App[],
  appIndex: number,
  depth: number,
): string | null {
  for (const layer of router.stack) {
    if (layer.route !== undefined || depth > mostDepth) continue;
    const pattern = mountPattern(layer);
    const match = pattern === '' ? { path: '', pattern: '' } : matchMount(layer, pattern, base);
    if (match === null) continue;
    const rest = behind(base, match.path);
    if (pattern !== '' && (rest === '' || rest === '/')) return match.pattern;
    const child = childOf(layer, apps[appIndex + 1]);
    if (child === undefined) continue;
    const inner = findMount(child.router, rest, apps, child.app ? appIndex + 1 : appIndex, depth + 1);
    if (inner !== null) return joined(match.pattern, inner);
  }
  return null;
}
