import { builtins } from './builtins.ts';
import { defaultTemplates } from './default-templates.ts';
import type { TemplateLimits } from './evaluator.ts';
import { HtmlOutput } from './html-output.ts';
import type { NotificationData } from './notification-data.ts';
import { notificationFunctions } from './notification-functions.ts';
import { TemplateSet } from './template.ts';
import { htmlType } from './text-functions.ts';
import { type FunctionTable, Named, type Value } from './value.ts';

export { type NotificationData, notificationData } from './notification-data.ts';

/** A notification may be of a thousand alerts. */
const limits: TemplateLimits = { maxSteps: 5_000_000, maxDepth: 100, maxTextLength: 1024 * 1024 };

const maxCached = 500;

/** What is escaped on demand is not escaped again. */
const htmlFunctions: FunctionTable = new Map([
  ['html', { takes: [], rest: 'interface {}', call: escapedHtml }],
]);

function escapedHtml(...values: Value[]): Named {
  const call = builtins.get('html')!.call as (...values: Value[]) => string;
  return new Named(htmlType, call(...values));
}

/** Templates of notifications: the default ones and those of the given files, later ones in place of earlier ones. */
export class NotificationTemplates {
  readonly #text: CachedTemplates;
  readonly #html: CachedTemplates;

  /** @throws TemplateError for a file that cannot be parsed */
  constructor(
    files: readonly { readonly name: string; readonly text: string }[],
    nowMs: () => number = Date.now,
  ) {
    const functions = notificationFunctions(nowMs, limits.maxTextLength);
    this.#text = new CachedTemplates(functions, files);
    this.#html = new CachedTemplates(new Map([...functions, ...htmlFunctions]), files);
  }

  /**
   * What a template of a receiver's options gives for a notification; at most 1 MB.
   *
   * @throws TemplateError
   */
  text(template: string, data: NotificationData): string {
    return template.includes('{{') ? this.#text.of(template).expand('', data) : template;
  }

  /**
   * As `text`, with values escaped for their places in HTML as html/template does it.
   *
   * @throws TemplateError
   */
  html(template: string, data: NotificationData): string {
    const output = new HtmlOutput(limits.maxTextLength);
    this.#html.of(template).execute('', data, output);
    return output.result;
  }
}

/** A set of templates, with each text that was asked for as a template beside them. */
class CachedTemplates {
  readonly #set: TemplateSet;
  readonly #cache = new Map<string, TemplateSet>();

  constructor(functions: FunctionTable, files: readonly { readonly name: string; readonly text: string }[]) {
    this.#set = new TemplateSet(functions, limits);
    this.#set.define('default.tmpl', defaultTemplates);
    for (const { name, text } of files) this.#set.define(name, text);
  }

  /** The set in which `text` is the template ''. */
  of(text: string): TemplateSet {
    let set = this.#cache.get(text);
    if (set === undefined) {
      set = this.#set.clone();
      set.define('', text);
      if (this.#cache.size >= maxCached) this.#cache.delete(this.#cache.keys().next().value!);
      this.#cache.set(text, set);
    }
    return set;
  }
}
