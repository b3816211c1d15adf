import { isUtf8 } from 'node:buffer';
import { dirname, relative, resolve } from 'node:path';
import type { Routing } from '../../../workers/contract/alerts.ts';
import { NotificationTemplates } from '../../../workers/template/notification-template.ts';
import { documentLimits, readDocument } from '../../config/document.ts';
import { Draft, problemsText } from '../../config/draft.ts';
import { type Environment, interpolate } from '../../config/interpolation.ts';
import { noMessage, refuseIssues } from '../../config/issues.ts';
import { readRegularFile } from '../../config/load.ts';
import { optionTree } from '../../config/option-tree.ts';
import { AgentError, messageOf } from '../../errors.ts';
import type { HeartbeatOptions } from '../notifiers/heartbeat/options.ts';
import { filesOf } from '../rule-files/file-glob.ts';
import { checkNames } from './checks.ts';
import { convertValues } from './loose-values.ts';
import { notifySchema } from './notify-schema.ts';
import { inheritGlobals, type NotifyReceiver, receiversOf, refuseForeign } from './receivers.ts';
import { defaultReceivers, defaultRouting, routingOf } from './routing.ts';
import { readSecretFiles } from './secret-files.ts';

export type { KeyedIntegration, NotifyReceiver } from './receivers.ts';

export interface NotifyFileRequest {
  /** For `${VAR}`. */
  readonly env: Environment;
  /** Working folder, absolute. */
  readonly cwd: string;
}

export interface NotifyTemplate {
  readonly name: string;
  readonly text: string;
}

export interface LoadedNotify {
  readonly routing: Routing;
  readonly receivers: readonly NotifyReceiver[];
  /** The service that is called as long as rules are evaluated; null when none is named. */
  readonly heartbeat: HeartbeatOptions | null;
  readonly templates: readonly NotifyTemplate[];
  /** Absolute paths of every file that was read, for whoever watches them; the notify file, if any, is the first. */
  readonly files: readonly string[];
  /** What the operator should know though nothing is wrong. */
  readonly notices: readonly string[];
}

/**
 * Reads notify.yml: Alertmanager's own format, as strict as there, with `heartbeat`, `alertmanager_configs` and
 * `stdout_configs` of ours. Secret files and templates are read too; the network is not touched. Without a path one receiver
 * without a way out, so that nobody is called. Throws `NOTIFY_INVALID`; its message has all problems, one a line, each with
 * its place.
 */
export async function loadNotifyFile(
  path: string | undefined,
  { env, cwd }: NotifyFileRequest,
): Promise<LoadedNotify> {
  if (path === undefined) {
    const none = { heartbeat: null, templates: [], files: [], notices: [] };
    return { routing: defaultRouting(), receivers: defaultReceivers, ...none };
  }
  const file = resolve(cwd, path);
  const root = optionTree(notifySchema);
  const { values, source } = await readValues(file, cwd);
  interpolate(values, env);
  convertValues(values, root, source);
  refuseForeign(values);
  const secretFiles = await readSecretFiles(values, root);
  inheritGlobals(values);
  checkNames(values);
  const { templates, files: templateFiles } = await readTemplates(values);
  const result = notifySchema.safeParse(values.value, { error: noMessage });
  if (!result.success) refuseIssues(values, root, result.error.issues);
  if (!result.success || values.problems.length > 0) throw invalid(values);
  const receivers = receiversOf(result.data);
  return {
    routing: routingOf(result.data, receivers),
    receivers,
    heartbeat: result.data.heartbeat ?? null,
    templates,
    files: [...new Set([file, ...secretFiles, ...templateFiles])],
    notices: values.notices,
  };
}

async function readValues(file: string, cwd: string): Promise<{ values: Draft; source: string }> {
  const near = relative(cwd, file);
  const name = near.startsWith('..') ? file : near;
  const folder = dirname(file);
  let bytes: Uint8Array;
  try {
    ({ bytes } = await readRegularFile(file, documentLimits.bytes));
  } catch (error) {
    throw new AgentError('NOTIFY_INVALID', `${name}:1:1: cannot read this file: ${messageOf(error)}`);
  }
  const nowhere = { text: `${name}:1:1`, rank: 'file', offset: 0 } as const;
  const draft = new Draft({ place: nowhere, keyPlace: nowhere, folder });
  if (!readDocument({ name, folder, bytes }, draft)) throw invalid(draft);
  return { values: draft, source: Buffer.from(bytes).toString() };
}

function invalid(draft: Draft): AgentError {
  return new AgentError('NOTIFY_INVALID', problemsText(draft.problems));
}

const mostTemplateBytes = 1024 * 1024;

/** Reads the files that the globs under `templates` name, and checks that they can be parsed. */
async function readTemplates(draft: Draft): Promise<{ templates: NotifyTemplate[]; files: string[] }> {
  const templates: NotifyTemplate[] = [];
  const files: string[] = [];
  const globs = draft.get(['templates']);
  for (const [i, glob] of Array.isArray(globs) ? globs.entries() : []) {
    if (typeof glob !== 'string' || glob === '') continue;
    const path = ['templates', i];
    const origin = draft.origin(path);
    try {
      const found = await filesOf(resolve(origin.folder, glob));
      if (found.length === 0) draft.notices.push(`${origin.place.text}: templates: no file fits ${glob}`);
      for (const file of found.filter((one) => !files.includes(one))) {
        files.push(file);
        templates.push({ name: file, text: await templateText(file) });
      }
    } catch (error) {
      draft.refuse(path, messageOf(error));
    }
  }
  return { templates, files };
}

/** Rejects with a message that begins with the file and the place in it. */
async function templateText(file: string): Promise<string> {
  const { bytes } = await readRegularFile(file, mostTemplateBytes).catch((error: unknown) => {
    throw new Error(`cannot read ${file}: ${messageOf(error)}`);
  });
  if (!isUtf8(bytes)) throw new Error(`cannot read ${file}: it is not UTF-8 text`);
  const text = Buffer.from(bytes).toString();
  try {
    new NotificationTemplates([{ name: file, text }]);
  } catch (error) {
    const { line = 1, column = 1 } = error as { line?: number; column?: number };
    throw new Error(`${file}:${line}:${column}: ${messageOf(error)}`);
  }
  return text;
}
