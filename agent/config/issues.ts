import type { z } from 'zod';
import { nearest, nearestQuantity } from '../spelling.ts';
import type { Draft } from './draft.ts';
import {
  choicesOf,
  expectation,
  keysOf,
  nodeAt,
  type OptionNode,
  type Path,
  typesOf,
  walkNodes,
} from './option-tree.ts';
import { maskUrls } from './redact.ts';

type Issue = z.core.$ZodIssue;

/** Turns what the schema found wrong into problems with places, expectations and suggestions. */
export function refuseIssues(draft: Draft, root: OptionNode, issues: readonly Issue[]): void {
  for (const issue of issues.flatMap((issue) => withoutUnions(issue))) {
    const path = issue.path as Path;
    if (draft.gaveUp(path)) continue;
    const value = draft.get(path);
    const node = nodeAt(root, path) ?? {};
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) refuseKey(draft, root, path, key);
    } else if (issue.code === 'invalid_key') {
      draft.refuse(path, issue.issues[0]?.message || 'this key is not allowed', 'keyPlace');
    } else if (value === undefined && issue.message === '') {
      draft.refuse(path, missing(root, path, node));
    } else if (issue.message === '' || issue.message.startsWith('expected')) {
      const ownWords = issue.message !== '' && !choicesOf(node).some(({ quantity }) => quantity);
      const text = ownWords ? issue.message : `expected ${expectation(node)}`;
      draft.refuse(
        path,
        withoutValue(draft, path, text, node) + got(draft, path, node) + suggestion(draft, path, node),
      );
    } else {
      draft.refuse(path, withoutValue(draft, path, issue.message, node));
    }
  }
}

/** True for a secret, and for what may be one by mistake: in place of the map or list that should hold it. */
function mayBeSecret(value: unknown, node: OptionNode): boolean {
  if (value === null || value === undefined || typeof value === 'object') return false;
  if (choicesOf(node).some(({ secret }) => secret)) return true;
  if (/^(yes|no|on|off|true|false)$/i.test(String(value))) return false;
  let found = false;
  walkNodes(node, (inner) => {
    found ||= choicesOf(inner).some(({ secret }) => secret);
  });
  return found;
}

/** The message that the schema gives where it has no words of its own: empty, and filled in here. */
export const noMessage = (): string => '';

/** Of an invalid union: what is wrong with the choice that the value was meant to be, if that can be told. */
function withoutUnions(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.message !== '') return [issue];
  const meant = issue.errors.find((errors) => errors.length > 0 && errors.every((error) => !isWhole(error)));
  if (!meant) return [issue];
  return meant
    .map((inner): Issue => ({ ...inner, path: [...issue.path, ...inner.path] }))
    .flatMap((inner) => withoutUnions(inner));
}

/** True when an issue says that the value is of another kind altogether. */
function isWhole(issue: Issue): boolean {
  const kinds = ['invalid_type', 'invalid_value', 'invalid_union'];
  return issue.path.length === 0 && kinds.includes(issue.code);
}

function refuseKey(draft: Draft, root: OptionNode, parent: Path, key: string): void {
  const path = [...parent, key];
  const allowed = Object.keys(keysOf(nodeAt(root, parent) ?? {}));
  const near = nearest(key, allowed) ?? elsewhere(root, key);
  const hint = near ? `; did you mean "${near}"?` : '';
  draft.refuse(path, `unknown key${hint} (allowed: ${allowed.join(', ')})`, 'keyPlace');
}

/** Where a key belongs that was written at the wrong level. */
function elsewhere(root: OptionNode, key: string): string | undefined {
  let found: string | undefined;
  walkNodes(root, (_, path) => {
    if (path.at(-1) === key)
      found ??= path
        .map((part) => (part === 0 ? '[]' : part))
        .join('.')
        .replaceAll('.[]', '[]');
  });
  return found;
}

function missing(root: OptionNode, path: Path, node: OptionNode): string {
  const key = String(path.at(-1));
  const siblings = keysOf(nodeAt(root, path.slice(0, -1)) ?? {});
  if (siblings[`${key}File`]) return `${key} or ${key}File is required`;
  return `this key is required: expected ${expectation(node)}`;
}

/** What the value is, as far as it may be shown. */
function got(draft: Draft, path: Path, node: OptionNode): string {
  const { shown } = draft.origin(path);
  const value = draft.get(path);
  if (shown !== undefined && typeof value !== 'object') return `, got ${maskUrls(cut(shown))}`;
  if (mayBeSecret(value, node)) return '';
  if (choicesOf(node).some(({ secret }) => secret)) return '';
  if (Array.isArray(value)) return `, got a list of length ${value.length}`;
  if (value === null || value === undefined) return ', got nothing';
  if (typeof value === 'object') return ', got a map';
  if (typeof value !== 'string') return `, got ${cut(draft.origin(path).written ?? String(value))}`;
  return `, got ${JSON.stringify(maskUrls(cut(value)))}`;
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** A schema's own words may quote the value; a secret, or one of a variable or secret file, must not be shown. */
function withoutValue(draft: Draft, path: Path, text: string, node: OptionNode): string {
  const shown =
    draft.origin(path).shown ?? (choicesOf(node).some(({ secret }) => secret) ? '***' : undefined);
  const value = draft.get(path);
  return shown !== undefined && typeof value === 'string' && value !== ''
    ? text.replaceAll(value, shown)
    : text;
}

function suggestion(draft: Draft, path: Path, node: OptionNode): string {
  const value = draft.get(path);
  if (mayBeSecret(value, node))
    return typesOf(node).has('string') && typeof value !== 'string' ? ': put it in quotes' : '';
  const guess = guessFor(value, node, draft.origin(path).written);
  return guess === undefined ? '' : `; did you mean ${guess}?`;
}

/** @param written the value as the file has it, where a number loses digits or signs by being read */
function guessFor(value: unknown, node: OptionNode, written?: string): string | undefined {
  if (value === null || typeof value === 'object') return undefined;
  const types = typesOf(node);
  const text = written ?? String(value);
  for (const { quantity, from, to } of choicesOf(node)) {
    const guess = quantity && nearestQuantity(quantity, value, { from, to });
    if (guess) return JSON.stringify(guess);
  }
  if (types.has('boolean') && typeof value === 'string') {
    if (/^(no|off|false)$/i.test(text)) return 'false';
    if (/^(yes|on|true)$/i.test(text) && !isOnlyFalse(node)) return 'true';
  }
  if (types.has('number') && typeof value === 'string' && /^-?[0-9.]+$/.test(text)) return text;
  if (types.has('string') && typeof value !== 'string') {
    const words = wordsOf(node);
    return words.length === 0 || words.includes(text) ? JSON.stringify(text) : undefined;
  }
  const near = nearest(text, wordsOf(node));
  return near && JSON.stringify(near);
}

function wordsOf(node: OptionNode): string[] {
  return choicesOf(node)
    .flatMap((choice) => choice.enum ?? [choice.const])
    .filter((word) => typeof word === 'string');
}

function isOnlyFalse(node: OptionNode): boolean {
  return choicesOf(node).every(({ type, const: only }) => type !== 'boolean' || only === false);
}
