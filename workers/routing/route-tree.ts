import type { LabelSet, Route } from '../contract/alerts.ts';
import { type LabelsTest, labelsTest } from './matchers.ts';

interface Node {
  readonly route: Route;
  readonly fits: LabelsTest;
  readonly children: readonly Node[];
}

/** The routes of notify.yml with their matchers made ready. */
export class RouteTree {
  readonly #root: Node;
  readonly #byKey = new Map<string, Route>();

  /** @throws Error for a regular expression that RE2 refuses */
  constructor(root: Route) {
    this.#root = this.#nodeOf(root);
  }

  #nodeOf(route: Route): Node {
    this.#byKey.set(route.key, route);
    const children = route.routes.map((child) => this.#nodeOf(child));
    return { route, fits: labelsTest(route.matchers), children };
  }

  withKey(key: string): Route | undefined {
    return this.#byKey.get(key);
  }

  /**
   * The routes that an alert takes, as Alertmanager walks the tree (dispatch/route.go): depth first, the first child that
   * fits and does not `continue` is the last; a route counts itself when none of its children fits.
   */
  matching(labels: LabelSet): readonly Route[] {
    const found: Route[] = [];
    collect(this.#root, labels, found);
    return found;
  }
}

function collect({ route, fits, children }: Node, labels: LabelSet, found: Route[]): boolean {
  if (!fits(labels)) return false;
  const before = found.length;
  for (const child of children) {
    if (collect(child, labels, found) && !child.route.continues) break;
  }
  if (found.length === before) found.push(route);
  return true;
}

/** The labels that a route groups an alert by; those that it does not have are left out. */
export function groupLabels({ groupBy }: Route, labels: LabelSet): LabelSet {
  if (groupBy === null) return labels;
  const found: Record<string, string> = {};
  for (const name of groupBy) {
    if (Object.hasOwn(labels, name)) found[name] = labels[name]!;
  }
  return found;
}

/** `{}/{severity="critical"}:{alertname="slow-api"}`, as Alertmanager's group keys. */
export function groupKey(route: Route, labels: LabelSet): string {
  const names = Object.keys(labels).sort();
  const pairs = names.map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `${route.key}:{${pairs.join(', ')}}`;
}
