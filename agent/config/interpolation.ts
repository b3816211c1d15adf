import type { Draft } from './draft.ts';
import { walk } from './option-tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const reference = /\$\$\{|\$\{([^}]*)\}?/g;
const whole = /^\$\{[^}]*\}$/;
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Puts variables in for `${NAME}`, and `${NAME:-text}` where NAME may be missing or empty, as a shell does;
 * `$${` stands for `${` itself. What a variable holds is taken as it is and never shown in a message.
 */
export function interpolate(draft: Draft, environment: Environment): void {
  walk(draft.value, undefined, (value, _, path) => {
    if (typeof value !== 'string' || !value.includes('${')) return;
    const problems: string[] = [];
    let fromVariable = false;
    const text = value.replace(reference, (found, inside: string | undefined) => {
      if (inside === undefined) return '${';
      const [, name, otherwise] = (found.endsWith('}') && variable.exec(inside)) || [];
      if (name === undefined) {
        problems.push(`expected \${NAME} or \${NAME:-default}, got ${found}; write $\${ for a plain \${`);
        return found;
      }
      const held = environment[name];
      if (otherwise !== undefined && !held) return otherwise;
      if (held === undefined)
        problems.push(`the variable ${name} is not set; \${${name}:-default} would do without`);
      fromVariable = true;
      return held ?? '';
    });
    const origin = draft.origin(path);
    const shown = fromVariable ? { shown: value } : {};
    draft.set(path, text, { ...origin, ...shown, loose: whole.test(value) });
    for (const problem of problems) draft.fail(path, problem);
  });
}
