import type { Frame } from '../frame.ts';
import { isLabelName } from '../label-name.ts';
import { type Regex, regexOf } from '../regex/regex.ts';
import { type FunctionCall, frameArg, relabelled, textArg } from './function.ts';

/** `label_replace(vector, target, replacement, source, regex)`: groups of the match as `$1`, `${name}`. */
export function labelReplace(call: FunctionCall): Frame {
  const target = textArg(call, 1);
  const replacement = textArg(call, 2);
  const source = textArg(call, 3);
  const regex = compiled(call, textArg(call, 4));
  requireLabelName(call, 'destination', 'label_replace', target);
  const frame = frameArg(call, 0);
  const labels = frame.labels.map((own) => {
    call.evaluation.touch(0, call.expr.span);
    const groups = regex.match(own.get(source));
    return groups === undefined ? own : own.with(target, expanded(replacement, groups, regex));
  });
  return relabelled(call, frame, labels);
}

function compiled(call: FunctionCall, source: string): Regex {
  try {
    return regexOf(source);
  } catch {
    const reason = `invalid regular expression in label_replace(): ${source}`;
    return call.evaluation.fail(reason, call.expr.args[4]!.span);
  }
}

/** Go's Regexp.Expand: the longest name after `$` counts, an unknown one is empty, `$$` is `$`. */
function expanded(template: string, groups: readonly (string | undefined)[], regex: Regex): string {
  return template.replace(
    /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))?/gu,
    (whole, braced: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare;
      if (name === undefined) return whole === '$$' ? '$' : whole;
      const index = /^\d+$/.test(name) ? Number(name) : regex.groupNames.indexOf(name);
      return groups[index] ?? '';
    },
  );
}

/** `label_join(vector, target, separator, source…)`. */
export function labelJoin(call: FunctionCall): Frame {
  const target = textArg(call, 1);
  const separator = textArg(call, 2);
  const sources = call.values.slice(3) as string[];
  for (const source of sources) requireLabelName(call, 'source', 'label_join', source);
  requireLabelName(call, 'destination', 'label_join', target);
  const frame = frameArg(call, 0);
  const labels = frame.labels.map((own) =>
    own.with(target, sources.map((source) => own.get(source)).join(separator)),
  );
  return relabelled(call, frame, labels);
}

function requireLabelName(call: FunctionCall, role: string, name: string, label: string): void {
  if (!isLabelName(label)) {
    call.evaluation.fail(`invalid ${role} label name in ${name}(): ${label}`, call.expr.span);
  }
}
