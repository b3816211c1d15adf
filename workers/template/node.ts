import { quoted } from './quote.ts';

/** Parts of an expression. `at` is the offset in the template. */
export type Operand =
  | { readonly kind: 'bool'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'number'; readonly at: number; readonly text: string; readonly number: NumberLiteral }
  | { readonly kind: 'string'; readonly at: number; readonly text: string; readonly value: string }
  | { readonly kind: 'nil'; readonly at: number }
  | { readonly kind: 'dot'; readonly at: number }
  | { readonly kind: 'identifier'; readonly at: number; readonly name: string }
  | { readonly kind: 'field'; readonly at: number; readonly names: readonly string[] }
  /** The first name is the variable's, with its `$`. */
  | { readonly kind: 'variable'; readonly at: number; readonly names: readonly string[] }
  | { readonly kind: 'chain'; readonly at: number; readonly base: Operand; readonly names: readonly string[] }
  | Pipeline;

/** What a number can stand for, as in Go's untyped constants. */
export interface NumberLiteral {
  readonly int: bigint | undefined;
  readonly float: number | undefined;
  /** Written as a float, so that it is one where no type is asked for. */
  readonly isFloat: boolean;
}

export interface Command {
  readonly kind: 'command';
  readonly at: number;
  readonly operands: readonly Operand[];
}

export interface Pipeline {
  readonly kind: 'pipeline';
  readonly at: number;
  readonly isAssignment: boolean;
  /** Variables that it declares or assigns. */
  readonly variables: readonly string[];
  readonly commands: readonly Command[];
}

export interface Branch {
  readonly kind: 'if' | 'with' | 'range';
  readonly at: number;
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}

export interface TemplateCall {
  readonly kind: 'template';
  readonly at: number;
  readonly name: string;
  readonly pipeline: Pipeline | undefined;
}

export type Node =
  | { readonly kind: 'text'; readonly at: number; readonly text: string }
  | { readonly kind: 'action'; readonly at: number; readonly pipeline: Pipeline }
  | { readonly kind: 'break' | 'continue'; readonly at: number }
  | Branch
  | TemplateCall;

/** What a place in a template is part of, for messages. */
export type Place = Operand | Command | TemplateCall | Extract<Node, { kind: 'action' }>;

/** A part as Go writes it in messages. */
export function textOf(place: Place): string {
  switch (place.kind) {
    case 'bool':
      return String(place.value);
    case 'number':
    case 'string':
      return place.text;
    case 'nil':
      return 'nil';
    case 'dot':
      return '.';
    case 'identifier':
      return place.name;
    case 'field':
      return place.names.map((name) => `.${name}`).join('');
    case 'variable':
      return place.names.join('.');
    case 'chain':
      return `${operandText(place.base)}${place.names.map((name) => `.${name}`).join('')}`;
    case 'command':
      return place.operands.map(operandText).join(' ');
    case 'pipeline':
      return pipelineText(place);
    case 'action':
      return `{{${pipelineText(place.pipeline)}}}`;
    case 'template': {
      const data = place.pipeline === undefined ? '' : ` ${pipelineText(place.pipeline)}`;
      return `{{template ${quoted(place.name)}${data}}}`;
    }
  }
}

function operandText(operand: Operand): string {
  return operand.kind === 'pipeline' ? `(${textOf(operand)})` : textOf(operand);
}

function pipelineText({ variables, isAssignment, commands }: Pipeline): string {
  const assigned = variables.length === 0 ? '' : `${variables.join(', ')} ${isAssignment ? '=' : ':='} `;
  return assigned + commands.map(textOf).join(' | ');
}

/** Whether there is nothing in it but space: such a definition does not replace another. */
export function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}
