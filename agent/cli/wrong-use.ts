import { AgentError } from '../errors.ts';
import { nearest } from '../spelling.ts';

/** What may stand on a command line. */
export interface KnownWords {
  readonly commands: readonly string[];
  /** Options of the command in hand, without dashes. */
  readonly options: readonly string[];
}

const hint = 'See: nova-agent --help';

/** What yargs says of a wrong command line, in English, as AgentError USAGE that names what was nearly written. */
export function wrongUse(message: string, argv: readonly string[], known: KnownWords): AgentError {
  const names = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ') ?? [];
  // yargs lists an option twice when its name has a dash: as it was typed, and in camel case.
  const lines = names.flatMap((name) => unknownWord(name, argv, known) ?? []);
  return new AgentError('USAGE', `${lines.length > 0 ? lines.join('\n') : message}\n${hint}`);
}

function unknownWord(name: string, argv: readonly string[], known: KnownWords): string | undefined {
  const dashed = argv.find(
    (word) => /^--?[^-=]/.test(word) && word.replace(/^--?/, '').split('=')[0] === name,
  );
  if (dashed) {
    const near = nearest(name, known.options);
    return `unknown option ${dashed.split('=')[0]}${near ? `; did you mean --${near}?` : ''}`;
  }
  if (!argv.includes(name)) return undefined;
  if (known.commands.includes(argv[0] ?? '')) return `unexpected word "${name}"`;
  const near = nearest(name, known.commands);
  return `unknown command "${name}"${near ? `; did you mean ${near}?` : ''}`;
}

/**
 * Throws AgentError USAGE for an option that is given more than once though it takes one value: yargs would hand
 * over a list. `lists` are the options that take several.
 */
export function refuseRepeated(args: object, lists: readonly string[]): void {
  for (const [name, value] of Object.entries(args)) {
    if (!Array.isArray(value) || name === '_' || lists.includes(name)) continue;
    throw new AgentError('USAGE', `${name.length > 1 ? '--' : '-'}${name}: give it once, it takes one value`);
  }
}
