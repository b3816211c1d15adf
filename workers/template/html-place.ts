/** What a place in HTML holds, as far as values there need care. */
export type HtmlPlace =
  | { readonly kind: 'text' | 'rcdata' | 'script' | 'style' | 'comment' | 'tag' }
  | {
      readonly kind: 'value';
      readonly holds: AttributeContent;
      readonly quote: Quote;
      readonly before: string;
    };

/** '' is an attribute without quotes. */
export type Quote = '"' | "'" | '';

export type AttributeContent = 'plain' | 'url' | 'srcset' | 'style' | 'script' | 'html';

const urlAttributes = new Set(
  'action archive background cite classid codebase data formaction href icon longdesc manifest poster profile src usemap xmlns'.split(
    ' ',
  ),
);

/** What the values of an attribute are (html/template/attr.go). */
function contentOf(attribute: string): AttributeContent {
  let name = attribute.toLowerCase();
  if (name.startsWith('data-')) name = name.slice(5);
  else if (name.includes(':')) {
    if (name.startsWith('xmlns:')) return 'url';
    name = name.slice(name.indexOf(':') + 1);
  }
  if (urlAttributes.has(name)) return 'url';
  if (name === 'style' || name === 'srcset') return name;
  if (name === 'srcdoc') return 'html';
  if (name.startsWith('on')) return 'script';
  return /src|uri|url/.test(name) ? 'url' : 'plain';
}

type State =
  | 'text'
  | 'comment'
  | 'tag'
  | 'name'
  | 'afterName'
  | 'beforeValue'
  | 'value'
  | 'rcdata'
  | 'script'
  | 'style';

/** Elements whose content is not HTML. */
const rawElements: Readonly<Record<string, State>> = {
  script: 'script',
  style: 'style',
  textarea: 'rcdata',
  title: 'rcdata',
};

/**
 * Follows the HTML that a template's own text writes and knows what a value that comes next would be part of
 * (html/template/transition.go, but along the way that the execution takes). Values do not change the place, being
 * escaped for it; only where an attribute's value begins without a quote they begin it.
 */
export class HtmlTracker {
  #state: State = 'text';
  #element = '';
  #attribute = '';
  #quote: Quote = '';
  /** The template's own part of an attribute, script or style up to here. */
  #before = '';

  /** Takes the next text; gives it as it is to be written, without comments and with `<` that begin no tag escaped. */
  take(text: string): string {
    let result = '';
    for (let at = 0; at < text.length; ) {
      const end = this.#step(text, at);
      const part = text.slice(at, end.at);
      if (!end.isDropped) result += end.written ?? part;
      at = end.at;
    }
    return result;
  }

  get place(): HtmlPlace {
    switch (this.#state) {
      case 'text':
      case 'rcdata':
      case 'script':
      case 'style':
      case 'comment':
        return { kind: this.#state };
      case 'beforeValue':
      case 'value':
        return {
          kind: 'value',
          holds: contentOf(this.#attribute),
          quote: this.#quote,
          before: this.#before,
        };
    }
    return { kind: 'tag' };
  }

  /** What scripts have up to here. */
  get before(): string {
    return this.#before;
  }

  /** A value was written here. */
  wrote(value: string): void {
    if (this.#state === 'beforeValue') this.#enter('value');
    this.#before += value;
  }

  #enter(state: State): void {
    this.#state = state;
    this.#before = '';
  }

  /** Goes over a part of the text in one state. */
  #step(text: string, at: number): { at: number; isDropped?: boolean; written?: string } {
    switch (this.#state) {
      case 'text':
        return this.#text(text, at);
      case 'comment': {
        const end = text.indexOf('-->', at);
        if (end >= 0) this.#enter('text');
        return { at: end < 0 ? text.length : end + 3, isDropped: true };
      }
      case 'tag':
      case 'afterName':
        return this.#inTag(text, at);
      case 'name':
        return this.#name(text, at);
      case 'beforeValue':
        return this.#beforeValue(text, at);
      case 'value':
        return this.#value(text, at);
    }
    return this.#raw(text, at);
  }

  #text(text: string, at: number): { at: number; written?: string } {
    const open = text.indexOf('<', at);
    if (open < 0) return { at: text.length };
    if (open > at) return { at: open };
    if (text.startsWith('<!--', at)) {
      this.#enter('comment');
      return { at: at + 4, written: '' };
    }
    if (/^<!doctype/i.test(text.slice(at, at + 9))) return { at: at + 9 };
    const tag = /<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)/y;
    tag.lastIndex = at;
    const match = tag.exec(text);
    if (match === null) return { at: at + 1, written: '&lt;' };
    this.#enter('tag');
    this.#element = match[1] === '' ? match[2]!.toLowerCase() : '';
    return { at: at + match[0].length };
  }

  #inTag(text: string, at: number): { at: number } {
    const char = text[at]!;
    if (char === '>') {
      this.#enter(rawElements[this.#element] ?? 'text');
      return { at: at + 1 };
    }
    if (char === '=' && this.#state === 'afterName') {
      this.#quote = '';
      this.#enter('beforeValue');
    } else if (!/[\s/]/.test(char)) {
      this.#attribute = '';
      this.#enter('name');
      return { at };
    }
    return { at: at + 1 };
  }

  #name(text: string, at: number): { at: number } {
    const rest = /[^\s=>/]*/y;
    rest.lastIndex = at;
    const name = rest.exec(text)![0];
    this.#attribute += name;
    const end = at + name.length;
    if (end < text.length) this.#enter('afterName');
    return { at: end };
  }

  #beforeValue(text: string, at: number): { at: number } {
    const char = text[at]!;
    if (/\s/.test(char)) return { at: at + 1 };
    if (char === '>') {
      this.#enter('tag');
      return { at };
    }
    this.#quote = char === '"' || char === "'" ? char : '';
    this.#enter('value');
    return { at: this.#quote === '' ? at : at + 1 };
  }

  #value(text: string, at: number): { at: number } {
    const ending = this.#quote === '' ? /[\s>]/g : this.#quote === '"' ? /"/g : /'/g;
    ending.lastIndex = at;
    const match = ending.exec(text);
    if (match === null) {
      this.#before += text.slice(at);
      return { at: text.length };
    }
    this.#enter('tag');
    return { at: this.#quote === '' ? match.index : match.index + 1 };
  }

  /** In an element that only its own end tag ends. */
  #raw(text: string, at: number): { at: number } {
    const end = new RegExp(`</${this.#element}(?=[\\s/>]|$)`, 'gi');
    end.lastIndex = at;
    const match = end.exec(text);
    if (match === null) {
      this.#before += text.slice(at);
      return { at: text.length };
    }
    this.#element = '';
    this.#enter('tag');
    return { at: match.index + match[0].length };
  }
}
