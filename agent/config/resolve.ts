import { AgentError } from '../errors.ts';
import { applyDefaults, type Surroundings } from './defaults.ts';
import { type ConfigFile, readDocument } from './document.ts';
import { Draft, problemsText } from './draft.ts';
import { applyEnvironment } from './environment.ts';
import { applyFlags, type Overrides } from './flags.ts';
import { interpolate } from './interpolation.ts';
import { noMessage, refuseIssues } from './issues.ts';
import { nodeAt, type OptionNode, optionTree, typesOf, walk } from './option-tree.ts';
import { resolvePaths } from './paths.ts';
import { type Config, configSchema } from './schema.ts';
import { type ReadFile, readSecretFiles } from './secrets.ts';

export interface ResolvedConfig {
  readonly config: Config;
  /** What the operator should know though nothing is wrong. */
  readonly notices: readonly string[];
  /** Secret files that were read. */
  readonly secretFiles: readonly string[];
}

/**
 * Makes the configuration of a file's text (or none), the environment and the command line, in rising precedence.
 * Depends on nothing else, and reads nothing but the secret files. Throws `CONFIG_INVALID` with every problem.
 */
export async function resolveConfig(
  file: ConfigFile | null,
  overrides: Overrides,
  surroundings: Surroundings,
  readFile: ReadFile,
): Promise<ResolvedConfig> {
  const { environment, folder, home } = surroundings;
  const root = optionTree(configSchema);
  const nowhere = { text: file ? `${file.name}:1:1` : 'configuration', rank: 'file', offset: 0 } as const;
  const draft = new Draft({ place: nowhere, keyPlace: nowhere, folder });
  if (file && !readDocument(file, draft)) throw new InvalidConfig(draft);

  interpolate(draft, environment);
  dropEmpty(draft, root);
  applyEnvironment(draft, root, environment, folder);
  applyFlags(draft, overrides, folder);
  convertTexts(draft, root);
  const secretFiles = await readSecretFiles(draft, root, readFile, home);
  applyDefaults(draft, surroundings);
  resolvePaths(draft, root, home);

  const result = configSchema.safeParse(draft.value, { error: noMessage });
  if (!result.success) refuseIssues(draft, root, result.error.issues);
  if (result.success) refuseSharedPort(draft, result.data);
  if (!result.success || draft.problems.length > 0) throw new InvalidConfig(draft);
  warnOfPlainHttp(draft, result.data);
  warnOfOpenIntake(draft, result.data);
  return { config: freeze(result.data), notices: draft.notices, secretFiles };
}

/** A configuration that cannot be used, with the files that it names all the same: they may have mistakes, too. */
export class InvalidConfig extends AgentError {
  readonly rules: readonly string[] | undefined;
  readonly notify: string | undefined;

  constructor(draft: Draft) {
    super('CONFIG_INVALID', problemsText(draft.problems));
    const [rules, notify] = [draft.get(['rules']), draft.get(['notify'])];
    const areGlobs = Array.isArray(rules) && rules.every((glob) => typeof glob === 'string');
    this.rules = areGlobs ? rules : rules === undefined ? undefined : [];
    this.notify = typeof notify === 'string' && notify !== '' ? notify : undefined;
  }
}

/** Two servers of one agent cannot listen on one port. */
function refuseSharedPort(draft: Draft, { http, intake }: Config): void {
  if (!http || !intake || intake.port === undefined || intake.port !== http.port) return;
  draft.fail(['intake', 'port'], `http.port is ${http.port} too; choose another for one of the two`);
}

/** Bearer tokens that leave the machine should not do so in clear text. */
function warnOfPlainHttp(draft: Draft, { http }: Config): void {
  if (!http || http.tls || isLoopback(http.host)) return;
  const { place } = draft.origin(['http', 'host']);
  draft.notices.push(
    `${place.text}: http.host: ${http.host} can be reached from other machines, and without http.tls tokens travel in clear text`,
  );
}

/** The intake asks nobody who they are. */
function warnOfOpenIntake(draft: Draft, { intake }: Config): void {
  if (!intake || intake.host === undefined || isLoopback(intake.host)) return;
  const { place } = draft.origin(['intake', 'host']);
  draft.notices.push(
    `${place.text}: intake.host: ${intake.host} can be reached from other machines, and who reaches it can report anything`,
  );
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.|::1$)/.test(host);
}

/** A section or list with nothing below it, as when all its keys are commented out, is as good as not there. */
function dropEmpty(draft: Draft, root: OptionNode): void {
  walk(draft.value, root, (value, node, path) => {
    if (value !== null || !node || path.length === 0) return;
    const types = typesOf(node);
    if (types.has('object') || types.has('array')) draft.remove(path);
  });
}

/** Numbers and true or false that came as text, from a variable or the command line, where the schema takes them. */
function convertTexts(draft: Draft, root: OptionNode): void {
  walk(draft.value, root, (value, _, path) => {
    const origin = draft.origin(path);
    const node = nodeAt(root, path);
    if (typeof value !== 'string' || !origin.loose || !node) return;
    const types = typesOf(node);
    if (types.has('boolean') && /^(true|false)$/.test(value)) draft.set(path, value === 'true', origin);
    else if (types.has('number') && /^-?[0-9]+(\.[0-9]+)?$/.test(value))
      draft.set(path, Number(value), origin);
  });
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) freeze(child);
    Object.freeze(value);
  }
  return value;
}
