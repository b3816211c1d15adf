import { nearest } from '../spelling.ts';
import type { Draft } from './draft.ts';
import type { Environment } from './interpolation.ts';
import { choicesOf, type OptionNode, type Path, pathText, walkNodes } from './option-tree.ts';

const prefix = 'NOVA_AGENT_';

/** Not options: where the library in the watched service finds the agent (unless it says false), and where the file is. */
const otherVariables = new Set([`${prefix}INTAKE`, `${prefix}CONFIG`]);

/** What Kubernetes sets in every pod beside a service called `nova-agent`. */
const kubernetesName = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

function isKubernetes(name: string, value: string): boolean {
  return kubernetesName.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value));
}

/** `dataDir` → `DATA_DIR` */
function upperSnake(key: string): string {
  return key.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

/** The variable of an option: `NOVA_AGENT_`, then its keys in capitals, joined by `_`; list entries by number from 0. */
export function variableOf(path: Path): string {
  return prefix + path.map((key) => upperSnake(String(key))).join('_');
}

/** The option that a variable sets; undefined when it is none. A tag's name is taken in small letters. */
export function optionOf(root: OptionNode, variable: string): Path | undefined {
  return variable.startsWith(prefix) ? pathOf(root, variable.slice(prefix.length)) : undefined;
}

function pathOf(node: OptionNode, rest: string): Path | undefined {
  if (rest === '') return [];
  const below = (key: string | number, child: OptionNode, part: string): Path | undefined => {
    if (rest === part) return [key];
    const path = rest.startsWith(`${part}_`) ? pathOf(child, rest.slice(part.length + 1)) : undefined;
    return path && [key, ...path];
  };
  for (const choice of choicesOf(node)) {
    for (const [key, child] of Object.entries(choice.properties ?? {})) {
      const path = below(key, child, upperSnake(key));
      if (path) return path;
    }
    if (choice.additionalProperties) return [rest.toLowerCase()];
    const index = choice.items && /^(0|[1-9][0-9]{0,3})(?=_|$)/.exec(rest)?.[0];
    const path = index && below(Number(index), choice.items, index);
    if (path) return path;
  }
  return undefined;
}

/** Puts the values of `NOVA_AGENT_…` variables over what the file says. An empty one is as good as
 * none; an unknown one is a problem. */
export function applyEnvironment(
  draft: Draft,
  root: OptionNode,
  environment: Environment,
  folder: string,
): void {
  const names = Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && (!otherVariables.has(name) || environment[name] === 'false'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  for (const [offset, name] of names.entries()) {
    const value = environment[name];
    if (!value || isKubernetes(name, value)) continue;
    const place = { text: name, rank: 'environment', offset } as const;
    const path = optionOf(root, name);
    if (path) {
      const gap = gapBefore(draft, path);
      if (gap) draft.problems.push({ place, path: pathText(path), message: gap });
      else draft.set(path, value, { place, keyPlace: place, folder, loose: true });
      continue;
    }
    const near = nearest(name, variablesLike(root, name));
    const hint = near ? `; did you mean ${near}?` : '; the reference lists all variables';
    draft.problems.push({ place, path: '', message: `no option has this variable${hint}` });
  }
}

/** All variables, with the number that `name` has for entries of lists. */
function variablesLike(root: OptionNode, name: string): string[] {
  const index = Number(/_([0-9]{1,4})(_|$)/.exec(name)?.[1] ?? 0);
  const names: string[] = [];
  walkNodes(root, (_, path) => {
    if (path.length > 0) names.push(variableOf(path.map((key) => (typeof key === 'number' ? index : key))));
  });
  return names;
}

/** Entries of a list count from 0 without gaps; why `path` breaks that, or ''. */
function gapBefore(draft: Draft, path: Path): string {
  for (const [i, key] of path.entries()) {
    if (typeof key !== 'number') continue;
    const list = draft.get(path.slice(0, i));
    const length = Array.isArray(list) ? list.length : 0;
    if (key > length) return `there is no entry ${length} before this one; entries count from 0 without gaps`;
  }
  return '';
}
