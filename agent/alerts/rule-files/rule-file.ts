import type { FilePlace, LabelSet, RuleGroup } from '../../../workers/contract/alerts.ts';
import { type Node, RuleDocument } from './rule-document.ts';
import { labelSet, RuleFields } from './rule-fields.ts';
import { type RuleExpression, RuleReader } from './rule-reader.ts';
import { shown } from './yaml-values.ts';

const fileKeys = ['groups'] as const;
const groupKeys = ['name', 'interval', 'query_offset', 'limit', 'rules', 'labels'] as const;

/** One rule file, as far as it could be read. */
export interface RuleFile {
  /** Those without a problem. */
  readonly groups: readonly RuleGroup[];
  /** Every expression that can be parsed. */
  readonly expressions: readonly RuleExpression[];
  /** With the problems and notices of the file, and its places. */
  readonly document: RuleDocument;
}

/**
 * Reads a rule file as Prometheus 3 reads it (model/rulefmt/rulefmt.go): strictly, the first document only, an empty file
 * having no groups. What Prometheus refuses is a problem of the document; so are wrong values of our own annotations.
 *
 * `file` is absolute, `shownFile` as messages have it. Groups without an interval have `intervalMs`.
 */
export function readRuleFile(
  file: string,
  shownFile: string,
  bytes: Uint8Array,
  intervalMs: number,
): RuleFile {
  const document = new RuleDocument(file, shownFile, bytes);
  const fields = new RuleFields(document);
  const reader = new RuleReader(fields);
  const groups: RuleGroup[] = [];
  const names = new Map<string, number>();
  const top = fields.fields(document.contents, 'a rule file', fileKeys);
  for (const node of fields.values.items(top.get('groups')?.value ?? null, 'groups')) {
    const group = readGroup(node, fields, reader, intervalMs);
    if (!group) continue;
    const at = fields.values.resolve(node)?.range[0] ?? 0;
    const first = names.get(group.name);
    if (first === undefined) names.set(group.name, at);
    else {
      const { line, column } = document.placeOf(first);
      const name = JSON.stringify(group.name);
      document.refuse(at, `groupname: ${name} is repeated in the same file; first at ${line}:${column}`);
    }
    groups.push(group);
  }
  noticeRepeated(groups, document);
  return { groups, expressions: reader.expressions, document };
}

/** Null when its name is unknown, so that nothing can be said about it. */
function readGroup(node: Node, fields: RuleFields, reader: RuleReader, intervalMs: number): RuleGroup | null {
  const { document } = fields;
  const before = document.problems.length;
  const group = fields.fields(node, 'a group', groupKeys);
  const name = fields.text(group, 'name');
  if (name === '' && document.problems.length === before) fields.refuse(node, 'Groupname must not be empty');
  const texts = fields.texts(group, 'labels');
  for (const [label, { key }] of texts) {
    if (label === '' || label === '__name__') fields.refuse(key, `invalid label name: ${shown(key)}`);
  }
  const labels: LabelSet = labelSet(texts);
  const rules = fields.values
    .items(group.get('rules')?.value ?? null, 'rules')
    .map((rule, i) => reader.read(rule, name, i + 1, labels));
  const read: RuleGroup = {
    file: document.file,
    name,
    intervalMs: fields.durationMs(group, 'interval') || intervalMs,
    limit: Math.max(0, fields.wholeNumber(group, 'limit') ?? 0),
    queryOffsetMs: fields.durationMs(group, 'query_offset') ?? 0,
    rules: rules.filter((rule) => rule !== null),
  };
  return name === '' ? null : read;
}

/** Prometheus takes the same rule twice; `promtool check rules` warns of it, because one overwrites the other. */
function noticeRepeated(groups: readonly RuleGroup[], document: RuleDocument): void {
  const seen = new Map<string, FilePlace>();
  for (const { kind, name, labels, place } of groups.flatMap(({ rules }) => rules)) {
    const key = JSON.stringify([kind, name, Object.entries(labels).sort()]);
    const first = seen.get(key);
    const message = `${JSON.stringify(name)} with the same labels stands here again`;
    if (first) document.notice(place, `${message}; first at ${first.line}:${first.column}`);
    else seen.set(key, place);
  }
}
