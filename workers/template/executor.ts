import type { Evaluator } from './evaluator.ts';
import { formatValue, noFlags } from './format-value.ts';
import type { Branch, Node, Pipeline, TemplateCall } from './node.ts';
import type { ParsedTemplate } from './parser.ts';
import { quoted } from './quote.ts';
import { TemplateError } from './template-error.ts';
import { isTrue, List, Table, type Value } from './value.ts';

/** Where a template writes to. */
export interface Output {
  text(text: string): void;
  value(value: Value): void;
}

type Jump = 'break' | 'continue' | undefined;

/** Walks a parsed template and writes what it gives (text/template/exec.go). */
export class Executor {
  readonly #templates: ReadonlyMap<string, ParsedTemplate>;
  readonly #output: Output;
  readonly #maxDepth: number;
  readonly #evaluator: Evaluator;
  #depth = 0;

  constructor(
    templates: ReadonlyMap<string, ParsedTemplate>,
    output: Output,
    maxDepth: number,
    evaluator: Evaluator,
  ) {
    this.#templates = templates;
    this.#output = output;
    this.#maxDepth = maxDepth;
    this.#evaluator = evaluator;
  }

  /**
   * Executes the evaluator's template.
   *
   * @throws TemplateError in Go's words
   */
  run(data: Value): void {
    this.#evaluator.variables = [{ name: '$', value: data }];
    try {
      this.#walkAll(data, this.#evaluator.template.nodes);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      // Of an output, as when it is full.
      this.#evaluator.fail((error as Error).message);
    }
  }

  #walkAll(dot: Value, nodes: readonly Node[]): Jump {
    for (const node of nodes) {
      const jump = this.#walk(dot, node);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #walk(dot: Value, node: Node): Jump {
    this.#evaluator.step();
    switch (node.kind) {
      case 'text':
        this.#output.text(node.text);
        return undefined;
      case 'action': {
        const value = this.#evaluator.pipeline(dot, node.pipeline);
        this.#evaluator.place = node;
        if (node.pipeline.variables.length === 0) this.#output.value(value);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#call(dot, node);
        return undefined;
      case 'range':
        return this.#range(dot, node);
      case 'if':
      case 'with':
        return this.#ifOrWith(dot, node);
    }
  }

  #ifOrWith(dot: Value, { kind, pipeline, body, otherwise }: Branch): Jump {
    const outside = this.#evaluator.variables.length;
    const value = this.#evaluator.pipeline(dot, pipeline);
    let jump: Jump;
    if (isTrue(value)) jump = this.#walkAll(kind === 'with' ? value : dot, body);
    else if (otherwise !== undefined) jump = this.#walkAll(dot, otherwise);
    this.#evaluator.variables.length = outside;
    return jump;
  }

  #range(dot: Value, { pipeline, body, otherwise }: Branch): Jump {
    const outside = this.#evaluator.variables.length;
    const value = this.#evaluator.pipeline(dot, pipeline);
    const inside = this.#evaluator.variables.length;
    let isEmpty = true;
    for (const [key, item] of this.#itemsOf(value, pipeline)) {
      isEmpty = false;
      this.#evaluator.step();
      this.#setLoopVariables(pipeline, key, item);
      const jump = this.#walkAll(item, body);
      this.#evaluator.variables.length = inside;
      if (jump === 'break') break;
    }
    const jump = isEmpty && otherwise !== undefined ? this.#walkAll(dot, otherwise) : undefined;
    this.#evaluator.variables.length = outside;
    return jump;
  }

  *#itemsOf(value: Value, { variables }: Pipeline): Generator<readonly [key: Value, item: Value]> {
    if (value instanceof List) {
      for (const [index, item] of value.items.entries()) yield [BigInt(index), item];
    } else if (value instanceof Table) {
      for (const key of value.keys()) yield [key, value.entries.get(key)];
    } else if (typeof value === 'bigint') {
      if (variables.length > 1)
        this.#evaluator.fail(`can't use ${value} to iterate over more than one variable`);
      for (let count = 0n; count < value; count++) yield [undefined, count];
    } else if (value !== undefined) {
      this.#evaluator.fail(`range can't iterate over ${formatValue(value, 'v', noFlags())}`);
    }
  }

  #setLoopVariables({ variables, isAssignment }: Pipeline, key: Value, item: Value): void {
    const values = variables.length > 1 ? [key, item] : [item];
    for (const [index, name] of variables.entries()) {
      if (isAssignment) this.#evaluator.assign(name, values[index]);
      else
        this.#evaluator.variables[this.#evaluator.variables.length - variables.length + index]!.value =
          values[index];
    }
  }

  #call(dot: Value, call: TemplateCall): void {
    const evaluator: Evaluator = this.#evaluator;
    evaluator.place = call;
    const template = this.#templates.get(call.name);
    if (template === undefined) evaluator.fail(`template ${quoted(call.name)} not defined`);
    if (this.#depth >= this.#maxDepth) evaluator.fail(`exceeded maximum template depth (${this.#maxDepth})`);
    const data = call.pipeline === undefined ? undefined : evaluator.pipeline(dot, call.pipeline);
    const { template: caller, variables } = evaluator;
    evaluator.template = template;
    evaluator.variables = [{ name: '$', value: data }];
    this.#depth++;
    this.#walkAll(data, template.nodes);
    this.#depth--;
    evaluator.template = caller;
    evaluator.variables = variables;
  }
}
