import { type Command, type Operand, type Pipeline, type Place, textOf } from './node.ts';
import type { ParsedTemplate } from './parser.ts';
import { quoted } from './quote.ts';
import { TemplateError } from './template-error.ts';
import { type Callable, isTrue, Struct, Table, typeName, type Value } from './value.ts';

/** So much a template may do, so that none hangs or fills the memory. */
export interface TemplateLimits {
  /** Nodes walked and expressions evaluated. */
  readonly maxSteps: number;
  /** Of templates within templates. */
  readonly maxDepth: number;
  /** Characters of any text that is made on the way. */
  readonly maxTextLength: number;
}

/** What a function is called with: nothing came through the pipe. */
const none = Symbol('none');
type Final = Value | typeof none;

export interface Variable {
  readonly name: string;
  value: Value;
}

/** Go's types that untyped nil can be. */
function canBeNil(type: string): boolean {
  return (
    /^(?:\[\]|\*|map\[|interface \{\}$)/.test(type) ||
    type === 'template.queryResult' ||
    type === 'template.KV'
  );
}

/** Evaluates the expressions of templates (text/template/exec.go), with missing keys of maps as their zero values. */
export class Evaluator {
  readonly #find: (name: string) => Callable | undefined;
  readonly #limits: TemplateLimits;
  #steps = 0;
  /** The one that is being executed. */
  template: ParsedTemplate;
  /** Those in sight, the innermost last. */
  variables: Variable[] = [];
  /** What is being executed, for messages. */
  place: Place | undefined;

  constructor(
    template: ParsedTemplate,
    find: (name: string) => Callable | undefined,
    limits: TemplateLimits,
  ) {
    this.template = template;
    this.#find = find;
    this.#limits = limits;
  }

  /** The value of a pipeline; variables that it declares stay. */
  pipeline(dot: Value, pipeline: Pipeline): Value {
    this.place = pipeline;
    let value: Final = none;
    for (const command of pipeline.commands) value = this.#command(dot, command, value);
    const result = value as Value;
    for (const name of pipeline.variables) {
      if (pipeline.isAssignment) this.assign(name, result);
      else this.variables.push({ name, value: result });
    }
    return result;
  }

  /** Sets the innermost variable of a name. */
  assign(name: string, value: Value): void {
    const variable = this.variables.findLast((one) => one.name === name);
    if (variable === undefined) this.fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  #command(dot: Value, command: Command, final: Final): Value {
    this.step();
    const { operands } = command;
    const first = operands[0]!;
    switch (first.kind) {
      case 'identifier':
        return this.#function(dot, first, command, operands.slice(1), final);
      case 'field':
      case 'chain':
      case 'variable':
        return this.#fieldsOf(dot, first, operands.slice(1), final);
    }
    if (first.kind !== 'pipeline') this.place = first;
    this.#notAFunction(operands, final);
    if (first.kind === 'nil') this.fail('nil is not a command');
    return this.#operand(dot, first);
  }

  #notAFunction(operands: readonly Operand[], final: Final): void {
    if (operands.length > 1 || final !== none)
      this.fail(`can't give argument to non-function ${textOf(operands[0]!)}`);
  }

  /** An operand without arguments. */
  #operand(dot: Value, operand: Operand): Value {
    switch (operand.kind) {
      case 'bool':
      case 'string':
        return operand.value;
      case 'number':
        this.place = operand;
        return this.#constant(operand);
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'pipeline':
        return this.pipeline(dot, operand);
      case 'identifier':
        return this.#function(dot, operand, operand, [], none);
      default:
        return this.#fieldsOf(dot, operand, [], none);
    }
  }

  #constant({ number, text }: Extract<Operand, { kind: 'number' }>): Value {
    if (number.isFloat && number.float !== undefined) return number.float;
    if (number.int === undefined) this.fail(`${text} overflows int`);
    return number.int;
  }

  #fieldsOf(
    dot: Value,
    operand: Extract<Operand, { kind: 'field' | 'variable' | 'chain' }>,
    operands: readonly Operand[],
    final: Final,
  ): Value {
    this.step();
    this.place = operand;
    let names = operand.names;
    let value = dot;
    if (operand.kind === 'chain') {
      if (operand.base.kind === 'nil') this.fail(`indirection through explicit nil in ${textOf(operand)}`);
      this.place = operand.base;
      value = this.#operand(dot, operand.base);
    } else if (operand.kind === 'variable') {
      const [name, ...rest] = names;
      const variable = this.variables.findLast((one) => one.name === name);
      if (variable === undefined) this.fail(`undefined variable: ${name}`);
      value = variable.value;
      names = rest;
      if (names.length === 0) {
        if (operands.length > 0 || final !== none)
          this.fail(`can't give argument to non-function ${textOf(operand)}`);
        return value;
      }
    }
    for (const name of names.slice(0, -1)) value = this.#field(dot, name, operand, [], none, value);
    return this.#field(dot, names.at(-1)!, operand, operands, final, value);
  }

  #field(
    dot: Value,
    name: string,
    place: Place,
    operands: readonly Operand[],
    final: Final,
    of: Value,
  ): Value {
    if (of === undefined) return undefined;
    if (typeof of === 'object') {
      const method = of.type.methods?.get(name);
      if (method !== undefined) return this.#invoke(dot, method, place, name, operands, final, [of]);
    }
    const hasArguments = operands.length > 0 || final !== none;
    if (of instanceof Struct && of.fields.has(name)) {
      if (hasArguments) this.fail(`${name} has arguments but cannot be invoked as function`);
      return of.fields.get(name);
    }
    if (of instanceof Table) {
      if (hasArguments) this.fail(`${name} is not a method but has arguments`);
      return of.entries.has(name) ? of.entries.get(name) : of.zero;
    }
    return this.fail(`can't evaluate field ${name} in type ${typeName(of)}`);
  }

  #function(
    dot: Value,
    identifier: Extract<Operand, { kind: 'identifier' }>,
    place: Place,
    operands: readonly Operand[],
    final: Final,
  ): Value {
    this.place = identifier;
    const { name } = identifier;
    const found = this.#find(name);
    if (found === undefined) return this.fail(`${quoted(name)} is not a defined function`);
    if (name === 'and' || name === 'or') return this.#logic(dot, name, found, operands, final);
    return this.#invoke(dot, found, place, name, operands, final, []);
  }

  /** The first operand that decides, those after it not evaluated. */
  #logic(dot: Value, name: 'and' | 'or', found: Callable, operands: readonly Operand[], final: Final): Value {
    this.#checkCount(found, name, operands.length, final);
    let value: Value;
    for (const operand of operands) {
      value = this.#argument(dot, 'interface {}', operand);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === none ? value : final;
  }

  #checkCount({ takes, rest }: Callable, name: string, given: number, final: Final): void {
    const count = given + (final === none ? 0 : 1);
    if (rest !== undefined) {
      if (count < takes.length)
        this.fail(`wrong number of args for ${name}: want at least ${takes.length} got ${given}`);
    } else if (count !== takes.length) {
      this.fail(`wrong number of args for ${name}: want ${takes.length} got ${count}`);
    }
  }

  #invoke(
    dot: Value,
    callable: Callable,
    place: Place,
    name: string,
    operands: readonly Operand[],
    final: Final,
    receiver: Value[],
  ): Value {
    this.#checkCount(callable, name, operands.length, final);
    const { takes, rest } = callable;
    const values = receiver;
    for (const [index, operand] of operands.entries())
      values.push(this.#argument(dot, takes[index] ?? rest!, operand));
    if (final !== none) values.push(this.#checked(final, takes[operands.length] ?? rest!));
    try {
      return this.#bounded((callable.call as (...values: Value[]) => Value)(...values));
    } catch (error) {
      this.place = place;
      return this.fail(`error calling ${name}: ${(error as Error).message}`);
    }
  }

  #bounded(value: Value): Value {
    if (typeof value !== 'string') return value;
    this.#steps += value.length >>> 6;
    if (value.length > this.#limits.maxTextLength)
      throw new Error(`text is longer than ${this.#limits.maxTextLength} characters`);
    return value;
  }

  #argument(dot: Value, type: string, operand: Operand): Value {
    this.step();
    this.place = operand;
    switch (operand.kind) {
      case 'nil':
        if (!canBeNil(type)) this.fail(`cannot assign nil to ${type}`);
        return undefined;
      case 'bool':
      case 'number':
      case 'string':
        return this.#literal(type, operand);
    }
    return this.#checked(this.#operand(dot, operand), type);
  }

  #literal(type: string, operand: Extract<Operand, { kind: 'bool' | 'number' | 'string' }>): Value {
    if (type === 'interface {}') return this.#operand(undefined, operand);
    if (type === 'bool' && operand.kind === 'bool') return operand.value;
    if (type === 'string' && operand.kind === 'string') return operand.value;
    if (operand.kind === 'number') {
      if (type === 'int' && operand.number.int !== undefined) return operand.number.int;
      if (type === 'float64' && operand.number.float !== undefined) return operand.number.float;
    }
    const expected = { bool: 'bool', string: 'string', int: 'integer', float64: 'float' }[type];
    if (expected === undefined) this.fail(`can't handle ${textOf(operand)} for arg of type ${type}`);
    return this.fail(`expected ${expected}; found ${textOf(operand)}`);
  }

  /** A value that is of a type, or can stand for one. */
  #checked(value: Value, type: string): Value {
    if (type === 'interface {}') return value;
    if (value === undefined) {
      if (!canBeNil(type)) this.fail(`invalid value; expected ${type}`);
      return undefined;
    }
    const name = typeName(value);
    if (name === type || name === `*${type}`) return value;
    if (typeof value === 'object' && value.type.underlying === type) return value;
    return this.fail(`wrong type for value; expected ${type}; got ${name}`);
  }

  /** Counts a step towards the limit. */
  step(): void {
    if (++this.#steps > this.#limits.maxSteps) this.fail(`takes more than ${this.#limits.maxSteps} steps`);
  }

  /** @throws TemplateError that names the place */
  fail(reason: string): never {
    const { name, source } = this.template;
    const place = this.place;
    if (place === undefined) throw new TemplateError(`template: ${name}: ${reason}`, reason, 1, 1);
    const before = source.text.slice(0, place.at);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const byte = Buffer.byteLength(before.slice(lineStart));
    const where = `template: ${source.name}:${line}:${byte}: executing ${quoted(name)} at <${textOf(place)}>`;
    throw new TemplateError(`${where}: ${reason}`, reason, line, place.at - lineStart + 1);
  }
}
