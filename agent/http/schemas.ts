import type { Schema } from './schema-check.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** One line for the OpenAPI document. */
    summary?: string;
    description?: string;
    tags?: readonly string[];
    /** No part of the API: left out of the document. */
    hide?: boolean;
  }
}

/** Parameters of a query; all but these are refused. */
export function queryOf(
  properties: Readonly<Record<string, Schema>> = {},
  required: readonly string[] = [],
): Schema {
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  };
}

/** How many rows an answer has at most. */
export function limitOf(usual: number, most: number): Schema {
  return { type: 'integer', minimum: 1, maximum: most, default: usual, description: 'At most so many.' };
}

/** Asks for what comes behind an earlier answer. `pattern`: what its `next` looks like. */
export function cursorOf(pattern?: string): Schema {
  return {
    type: 'string',
    ...(pattern !== undefined && { pattern }),
    description: 'The `next` of an earlier answer.',
    'x-expected': 'the `next` of an earlier answer',
  };
}

/** A duration such as `5m` or `24h`; the handler gets milliseconds. */
export function durationOf(description: string, fromMs: number, toMs: number, usual?: string): Schema {
  return {
    type: 'string',
    'x-duration': { fromMs, toMs },
    ...(usual !== undefined && { default: usual }),
    examples: ['5m', '24h'],
    description,
  };
}

export function textOf(description: string, more: Schema = {}): Schema {
  return { type: 'string', description, ...more };
}

/** For answers: the schema, or null where nothing is known. */
export function orNull(schema: Schema): Schema {
  if (Array.isArray(schema.enum))
    return { ...schema, type: [schema.type, 'null'].flat(), enum: [...schema.enum, null] };
  return typeof schema.type === 'string'
    ? { ...schema, type: [schema.type, 'null'] }
    : { anyOf: [schema, { type: 'null' }] };
}

export const number: Schema = { type: 'number' };
export const wholeNumber: Schema = { type: 'integer' };
export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
/** An ISO 8601 time. */
export const isoTime: Schema = { type: 'string', format: 'date-time' };

/** For answers: an object that has all of `properties` and may get more. */
export function objectOf(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function mapOf(additionalProperties: Schema): Schema {
  return { type: 'object', additionalProperties };
}

/** `{success: true, data}`, with what stands beside `data`. */
export function answerOf(data: Schema, beside: Readonly<Record<string, Schema>> = {}): Schema {
  return {
    type: 'object',
    properties: { success: { const: true }, data, ...beside },
    required: ['success', 'data'],
  };
}

/** A list with its cursor, and with what else stands beside it. */
export function pageOf(item: Schema, beside: Readonly<Record<string, Schema>> = {}): Schema {
  return answerOf(listOf(item), {
    ...beside,
    next: { ...text, description: 'Asks for those behind these; absent at the end.' },
  });
}
