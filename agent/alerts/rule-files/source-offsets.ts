import type { Scalar } from 'yaml';

/**
 * Where each UTF-16 unit of a scalar's value stands in the text, and its end. Signs stand where they were written, however
 * lines were folded, indentation taken off or characters escaped; white space stands right after the sign before it.
 *
 * Folding and indentation only change white space, so signs of the value and of the source come in the same order.
 */
export function sourceOffsets(scalar: Scalar.Parsed, text: string): readonly number[] {
  const value = String(scalar.value);
  const signs = signOffsets(scalar, text);
  const offsets: number[] = [];
  let next = 0;
  let after = signs[0] ?? scalar.range[0];
  for (let i = 0; i <= value.length; i++) {
    if (i < value.length && !isSpace(value[i]!)) {
      offsets.push(signs[next] ?? after);
      after = offsets[i]! + 1;
      next++;
    } else {
      offsets.push(Math.min(after, signs[next] ?? after));
      after = Math.min(after + 1, signs[next] ?? scalar.range[1]);
    }
  }
  return offsets;
}

/** Of each unit of the value that is not white space. */
function signOffsets({ type, range: [start, end] }: Scalar.Parsed, text: string): number[] {
  const isQuoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
  const isBlock = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
  const last = isQuoted ? end - 1 : end;
  const offsets: number[] = [];
  let i = isQuoted ? start + 1 : isBlock ? start + headerLength(text.slice(start, end)) : start;
  while (i < last) {
    const at = i;
    if (type === 'QUOTE_DOUBLE' && text[i] === '\\') {
      const { length, units } = escapeAt(text, i);
      for (let unit = 0; unit < units; unit++) offsets.push(at);
      i += length;
      continue;
    }
    if (!isSpace(text[i]!)) offsets.push(at);
    i += type === 'QUOTE_SINGLE' && text[i] === "'" ? 2 : 1;
  }
  return offsets;
}

/** Length of the first line of a block scalar, with its end; nothing else may be there. */
function headerLength(written: string): number {
  const newline = written.indexOf('\n');
  return newline < 0 ? written.length : newline + 1;
}

/** Length of an escape sequence, and how many units that are not white space it makes. */
function escapeAt(text: string, offset: number): { length: number; units: number } {
  const letter = text[offset + 1]!;
  const digits = letter === 'x' ? 2 : letter === 'u' ? 4 : letter === 'U' ? 8 : 0;
  if (digits === 0) return { length: 2, units: /[\s nrt]/.test(letter) ? 0 : 1 };
  const sign = String.fromCodePoint(Number.parseInt(text.slice(offset + 2, offset + 2 + digits), 16));
  return { length: 2 + digits, units: isSpace(sign) ? 0 : sign.length };
}

function isSpace(sign: string): boolean {
  return sign === ' ' || sign === '\n' || sign === '\t' || sign === '\r';
}
