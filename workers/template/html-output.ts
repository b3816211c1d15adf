import type { Output } from './executor.ts';
import { type AttributeContent, HtmlTracker, type Quote } from './html-place.ts';
import { printed } from './print.ts';
import { TextOutput } from './template.ts';
import { htmlType, urlType } from './text-functions.ts';
import { Time } from './time.ts';
import { toJson } from './to-json.ts';
import { Named, type TypeInfo, type Value } from './value.ts';

/** What stands for a value that would not be safe where it is. */
const refused = 'ZgotmplZ';

/** Writes HTML: values are escaped for the place that they are at, as html/template does. */
export class HtmlOutput implements Output {
  readonly #output: TextOutput;
  readonly #tracker = new HtmlTracker();

  constructor(maxLength: number) {
    this.#output = new TextOutput(maxLength);
  }

  get result(): string {
    return this.#output.result;
  }

  text(text: string): void {
    this.#output.text(this.#tracker.take(text));
  }

  value(value: Value): void {
    const escaped = this.#escaped(value);
    this.#tracker.wrote(escaped);
    this.#output.text(escaped);
  }

  #escaped(value: Value): string {
    const text = value === undefined ? '' : printed(value);
    const { place } = this.#tracker;
    switch (place.kind) {
      case 'text':
        return isOf(value, htmlType) ? text : escapeForHtml(text);
      case 'rcdata':
        return escapeForHtml(text);
      case 'comment':
        return '';
      case 'tag':
        return /^[a-z0-9-]+$/i.test(text) && !/^(?:on|style|src|data-)|url|uri|href|action/i.test(text)
          ? text
          : refused;
      case 'script':
        return scriptValue(value, this.#tracker.before);
      case 'style':
        return styleValue(text);
      case 'value':
        return this.#attribute(value, text, place);
    }
  }

  #attribute(
    value: Value,
    text: string,
    { holds, quote, before }: { holds: AttributeContent; quote: Quote; before: string },
  ): string {
    switch (holds) {
      case 'url':
        return escapeForAttribute(urlValue(text, before, isOf(value, urlType)), quote);
      case 'style':
        return escapeForAttribute(styleValue(text), quote);
      case 'script':
        return escapeForAttribute(scriptValue(value, before), quote);
      case 'html':
        return escapeForAttribute(escapeForHtml(text), quote);
      case 'plain':
        if (!isOf(value, htmlType)) return escapeForAttribute(text, quote);
        // What is HTML already has no tags here, and its entities are kept.
        return escapeForAttribute(text.replace(/<[^>]*>?/g, ''), quote).replaceAll('&amp;', '&');
      case 'srcset':
        return escapeForAttribute(text.split(',').map(imageSource).join(','), quote);
    }
  }
}

function isOf(value: Value, type: TypeInfo): boolean {
  return value instanceof Named && value.type === type;
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};

/** As html/template, which escapes `+` too. */
function escapeForHtml(text: string): string {
  return text.replace(/[\0"&'+<>]/g, (char) => escapes[char]!);
}

function escapeForAttribute(text: string, quote: Quote): string {
  if (quote !== '') return escapeForHtml(text);
  if (text === '') return refused;
  return text.replace(/[\0"&'+<>\t-\r =`]/g, (char) => escapes[char] ?? `&#${char.charCodeAt(0)};`);
}

/** One of the sources of `srcset`: a URL and a size. */
function imageSource(text: string): string {
  const [, space, url, size] = /^(\s*)(\S*)(.*)$/s.exec(text)!;
  return /^[\s\w.]*$/.test(size!)
    ? space + urlValue(url!, '', false).replaceAll(',', '%2c') + size
    : `#${refused}`;
}

/** A URL, or a part of one: escaped as such; one that begins with a scheme that may run code is refused. */
function urlValue(text: string, before: string, isTrusted: boolean): string {
  if (/[?#]/.test(before)) return encoded(text, isTrusted ? /[^\w\-.~!#$&*+,/:;=?@[\]%]/ : /[^\w\-.~]/);
  if (before.trim() === '' && !isTrusted) {
    const scheme = /^([^/]*?):/.exec(text)?.[1];
    if (scheme !== undefined && !/^(?:https?|mailto)$/i.test(scheme)) return `#${refused}`;
  }
  return encoded(text.replace(/%(?![\da-f]{2})/gi, '%25'), /[^\w\-.~!#$&*+,/:;=?@[\]%]/);
}

function encoded(text: string, unsafe: RegExp): string {
  return text.replace(new RegExp(unsafe, 'gu'), (char) =>
    Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function styleValue(text: string): string {
  const isUnsafe = /[\0"'()/;@[\\\]`{}<>]|--/.test(text);
  const letters = text.toLowerCase().replace(/[^a-z]/g, '');
  return isUnsafe || /expression|mozbinding/.test(letters) ? refused : text;
}

/** A literal, or the inside of one where the script is within quotes. */
function scriptValue(value: Value, before: string): string {
  const text = value === undefined ? '' : printed(value);
  if (openQuote(before) === '') {
    const hasText = typeof value === 'object' && value.type.text !== undefined && !(value instanceof Time);
    const literal = toJson(hasText ? text : value);
    return /^\w|\w$/.test(literal) ? ` ${literal} ` : literal;
  }
  return text.replace(/[\\'"`$<>&/+\u2028\u2029\p{Cc}]/gu, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The quote that a script is within at its end. */
function openQuote(script: string): string {
  let quote = '';
  for (let at = 0; at < script.length; at++) {
    const char = script[at]!;
    if (quote === '') {
      if (/["'`]/.test(char)) quote = char;
    } else if (char === '\\') at++;
    else if (char === quote) quote = '';
  }
  return quote;
}
