import { builtins } from './builtins.ts';
import { Evaluator, type TemplateLimits } from './evaluator.ts';
import { Executor, type Output } from './executor.ts';
import { isEmpty } from './node.ts';
import { type ParsedTemplate, parseTemplate } from './parser.ts';
import { printed } from './print.ts';
import { TemplateError, type TemplateProblem } from './template-error.ts';
import type { Callable, FunctionTable, Value } from './value.ts';

export const defaultLimits: TemplateLimits = { maxSteps: 1_000_000, maxDepth: 100, maxTextLength: 64 * 1024 };

/** Templates that can use each other, as Go's `text/template.Template`, with `missingkey=zero`. */
export class TemplateSet {
  readonly #functions: FunctionTable;
  readonly #templates = new Map<string, ParsedTemplate>();
  readonly #limits: TemplateLimits;

  /** `functions` stand beside Go's own and before them. */
  constructor(functions: FunctionTable, limits: TemplateLimits = defaultLimits) {
    this.#functions = functions;
    this.#limits = limits;
  }

  /**
   * Parses a text as the template `name`, and what it defines as templates of their own names. They take the place of
   * those of before, unless there is nothing but space in them.
   *
   * @throws TemplateError in Go's words
   */
  define(name: string, text: string): void {
    for (const [defined, template] of parseTemplate(name, text, (name) => this.#find(name) !== undefined)) {
      const isKept = isEmpty(template.nodes) && this.#templates.has(defined);
      if (!isKept) this.#templates.set(defined, template);
    }
  }

  /** A set with the same templates, to which others can be added. */
  clone(): TemplateSet {
    const copy = new TemplateSet(this.#functions, this.#limits);
    for (const [name, template] of this.#templates) copy.#templates.set(name, template);
    return copy;
  }

  /**
   * Executes a template.
   *
   * @throws TemplateError in Go's words
   */
  execute(name: string, data: Value, output: Output): void {
    const template = this.#templates.get(name);
    if (template === undefined) {
      const reason = `no template "${name}"`;
      throw new TemplateError(`template: ${reason}`, reason, 1, 1);
    }
    const find = (name: string) => this.#find(name);
    const evaluator = new Evaluator(template, find, this.#limits);
    new Executor(this.#templates, output, this.#limits.maxDepth, evaluator).run(data);
  }

  #find(name: string): Callable | undefined {
    return this.#functions.get(name) ?? builtins.get(name);
  }

  /**
   * What a template writes, as text.
   *
   * @throws TemplateError in Go's words
   */
  expand(name: string, data: Value): string {
    const output = new TextOutput(this.#limits.maxTextLength);
    this.execute(name, data, output);
    return output.result;
  }
}

/** Collects what a template writes, up to a length. */
export class TextOutput implements Output {
  readonly #maxLength: number;
  result = '';

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  text(text: string): void {
    if (this.result.length + text.length > this.#maxLength)
      throw new Error(`writes more than ${this.#maxLength} characters`);
    this.result += text;
  }

  value(value: Value): void {
    this.text(printed(value));
  }
}

/** Why a text is no template, given functions beside Go's own; null when it is one. */
export function templateError(text: string, functions: FunctionTable): TemplateProblem | null {
  try {
    parseTemplate('', text, (name) => builtins.has(name) || functions.has(name));
    return null;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { message: error.reason, line: error.line, column: error.column };
  }
}
