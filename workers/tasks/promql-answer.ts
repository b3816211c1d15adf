import type { PromqlAnswer, PromqlErrorType } from '../contract/promql-tasks.ts';
import { decimalText } from '../promql/floats.ts';
import { type MatrixResult, PromqlError, type QueryResult } from '../promql/index.ts';

/** Most bytes of an answer. */
const mostBytes = 32 * 1024 * 1024;
/** Text that is gathered before it is put into bytes. */
const pieceLength = 64 * 1024;

/** What is told instead of an answer. */
export class Refused extends Error {
  readonly errorType: PromqlErrorType;

  constructor(errorType: PromqlErrorType, message: string) {
    super(message);
    this.errorType = errorType;
  }
}

/** A body in the making. */
export class Body {
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #length = 0;
  #text = '';

  /** @throws Refused when it becomes larger than an answer may be */
  add(text: string): void {
    this.#text += text;
    if (this.#text.length > pieceLength) this.#flush();
  }

  bytes(): Uint8Array {
    this.#flush();
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#length);
  }

  #flush(): void {
    const text = this.#text;
    this.#text = '';
    const needed = this.#length + text.length * 3;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#length += this.#bytes.write(text, this.#length);
    if (this.#length > mostBytes)
      throw new Refused(
        'execution',
        `the answer is larger than ${mostBytes / 1024 / 1024} MB; ask for fewer series or a larger step`,
      );
  }
}

/** `data` is JSON; what was left out of it is said beside. */
export function success(write: (body: Body) => readonly string[]): PromqlAnswer {
  const body = new Body();
  body.add('{"status":"success","data":');
  const warnings = write(body);
  body.add(warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}}` : '}');
  return { body: body.bytes() };
}

/** As Prometheus 2.42 and later tell it; anything that is not about the query is thrown on. */
export function refusal(error: unknown, hasTimedOut: boolean): PromqlAnswer {
  if (error instanceof Refused) return { errorType: error.errorType, error: error.message };
  if (error instanceof PromqlError) return promqlRefusal(error, hasTimedOut);
  // The stack, or the length of an array: what was asked for is too much.
  if (error instanceof RangeError)
    return { errorType: 'execution', error: `the query is too large to be evaluated: ${error.message}` };
  throw error;
}

function promqlRefusal({ kind, message, reason }: PromqlError, hasTimedOut: boolean): PromqlAnswer {
  switch (kind) {
    case 'parse':
      return {
        errorType: 'bad_data',
        error: `invalid parameter "query": ${reason.startsWith('invalid expression type') ? reason : message}`,
      };
    case 'cancelled':
      return hasTimedOut
        ? { errorType: 'timeout', error: 'query timed out in expression evaluation' }
        : { errorType: 'canceled', error: 'query was canceled in expression evaluation' };
    case 'limit':
      return { errorType: 'execution', error: reason };
    case 'execution':
      return { errorType: 'execution', error: reason };
  }
}

/**
 * The result of a query as Prometheus writes it (util/jsonutil, web/api/v1/json_codec.go), at most `limit` series.
 * Returns warnings.
 */
export function writeResult(body: Body, result: QueryResult, timeMs: number, limit: number): string[] {
  body.add(`{"resultType":"${result.type}","result":`);
  switch (result.type) {
    case 'scalar':
      body.add(`[${seconds(timeMs)},"${decimalText(result.value)}"]}`);
      return [];
    case 'string':
      body.add(`[${seconds(timeMs)},${JSON.stringify(result.value)}]}`);
      return [];
    case 'vector': {
      const { list, warnings } = cut(result.samples, limit);
      body.add('[');
      list.forEach(({ labels, timeMs, value }, i) => {
        body.add(`${i > 0 ? ',' : ''}{"metric":${labelsText(labels)},"value":${sample(timeMs, value)}}`);
      });
      body.add(']}');
      return warnings;
    }
    case 'matrix':
      return writeMatrix(body, result, limit);
  }
}

function writeMatrix(body: Body, result: MatrixResult, limit: number): string[] {
  const { list, warnings } = cut(result.series, limit);
  body.add('[');
  list.forEach(({ labels, timestampsMs, values }, i) => {
    body.add(`${i > 0 ? ',' : ''}{"metric":${labelsText(labels)},"values":[`);
    for (let at = 0; at < values.length; at++)
      body.add(
        at > 0 ? `,${sample(timestampsMs[at]!, values[at]!)}` : sample(timestampsMs[at]!, values[at]!),
      );
    body.add(']}');
  });
  body.add(']}');
  return warnings;
}

export const cutWarning = 'results truncated due to limit';

/** The first `limit`; all with 0. */
export function cut<T>(list: readonly T[], limit: number): { list: readonly T[]; warnings: string[] } {
  if (limit === 0 || list.length <= limit) return { list, warnings: [] };
  return { list: list.slice(0, limit), warnings: [cutWarning] };
}

/** Go's encoding/json writes the keys of maps in order. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.keys(labels)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(labels[name])}`)
    .join(',')}}`;
}

function sample(timeMs: number, value: number): string {
  return `[${seconds(timeMs)},"${valueText(value)}"]`;
}

/** Seconds with three decimals unless they are whole. */
function seconds(timeMs: number): string {
  const whole = Math.trunc(timeMs / 1000);
  const rest = Math.abs(Math.round(timeMs - whole * 1000));
  if (rest === 0) return `${whole}`;
  const sign = timeMs < 0 && whole === 0 ? '-' : '';
  return `${sign}${whole}.${rest < 100 ? '0' : ''}${rest < 10 ? '0' : ''}${rest}`;
}

/** The shortest text that is this float64, with exponents as Go writes them. */
export function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  // Two digits at least: 1e-07.
  return text.charCodeAt(text.length - 3) === 0x65 ? `${text.slice(0, -1)}0${text.slice(-1)}` : text;
}
