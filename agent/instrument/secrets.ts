/** Keys whose issuers mark them: Stripe, OpenAI, GitHub, GitLab, Slack, npm, Hugging Face, AWS, Google and others. */
const markedKey =
  /(?<![A-Za-z])(?:(?:[sprw]k|whsec|gh[opsur]|github_pat|glpat|npm|hf|shp(?:at|ss|ca|pa)|xox[a-z]|xapp|dop_v1|dckr_pat|pypi|sntrys)[-_][\w.-]{8,512}|SG\.[\w.-]{16,512}|A(?:KI|SI|RO|ID)A[A-Z\d]{12,64}|AIza[\w-]{20,128}|ya29\.[\w-]{8,512})/g;
const jsonWebToken = /(?<![A-Za-z\d-])eyJ[\w-]{5,512}(?:[\w-]*\.[\w-]*){1,4}/g;
const authentication = /\b(bearer|basic|digest|negotiate)(\s{1,3})([\w.~+/=-]{6,2048})/gi;
const header = /\b((?:set-)?cookie|(?:proxy-)?authorization)(["'\]]?\s{0,3}[:=]\s{0,3})\S.*/i;
const named =
  /(passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|private|signing)[-_ ]?key|session(?:[-_]?id)?|credentials?|signature|(?<![a-z])(?:auth|sid|otp|pin|cvv|cvc|ssn))(["'\]]?\s{0,3}[:=]\s{0,3})("[^"]{0,512}"?|'[^']{0,512}'?|[^\s,;&)}\]]{1,512})/gi;
const email =
  /(?:"[^"]{1,64}"|[^\s<>()[\]{},;:"'`@]{1,64})(?:@|%40)(?:[\p{L}\p{N}_-]{1,63}\.){1,8}\p{L}[\p{L}\p{N}-]{1,63}/gu;
/** Between `//` and `@`. */
const urlUser = /(:?\/\/)[^\s"'<>/]{1,256}@/g;
const urlQuery = /\?[^\s<>]+/g;
const urlFragment = /(\/[^\s#<>/]{0,128})#[^\s<>]+/g;
const run = /[A-Za-z\d+/_=-]{20,2048}/g;
const digitRun = /\d(?:[ \-\u00a0]{0,2}\d){12,}/g;

/**
 * Masks what looks like a secret: user, password, query and fragment of URLs; JSON web tokens and other credentials;
 * values of what is called a password, token or key; e-mail addresses; long runs of random characters; card numbers.
 */
export function maskSecrets(text: string): string {
  return text
    .replace(urlUser, '$1')
    .replace(header, '$1$2[secret]')
    .replace(named, maskNamed)
    .replace(urlQuery, '')
    .replace(urlFragment, '$1')
    .replace(authentication, maskAuthentication)
    .replace(jsonWebToken, '[token]')
    .replace(markedKey, maskMarked)
    .replace(email, '[email]')
    .replace(run, maskRun)
    .replace(digitRun, maskCards);
}

/** Of these only what cannot be anything else, for texts that are names. */
export function maskKeys(text: string): string {
  return text.replace(jsonWebToken, '[token]').replace(markedKey, maskMarked).replace(email, '[email]');
}

/** "npm-registry-fetch" is a name. */
function maskMarked(key: string): string {
  return /\d/.test(key) || key.length > 40 ? '[token]' : key;
}

/** "token: expired" is a sentence, "token: 8f3a" and "token=expired" are none. */
function maskNamed(all: string, name: string, between: string, value: string): string {
  const isSentence = between.includes(':') && /^[a-z]+[.!]?$/i.test(value) && !/^pass|pwd|secret/i.test(name);
  return isSentence ? all : `${name}${between}[secret]`;
}

/** "basic authentication" is a sentence. */
function maskAuthentication(all: string, scheme: string, space: string, value: string): string {
  return /^bearer$/i.test(scheme) || /[\d=+/]/.test(value) || value.length > 16
    ? `${scheme}${space}[token]`
    : all;
}

/** A run of characters of base64, hexadecimal or the like: random as a whole, or a path with random parts. */
function maskRun(text: string): string {
  if (text.includes('/') && !/\d/.test(text)) return maskParts(text);
  if (text.includes('/') && changesOf(text) <= text.length * 0.3) return maskParts(text);
  return isRandom(text) ? '[token]' : maskParts(text);
}

function maskParts(path: string): string {
  return path
    .split('/')
    .map((part) => (part.length >= 20 && isRandom(part) ? '[token]' : part))
    .join('/');
}

/** Names in camelCase change class often too, but have hardly a digit. */
function isRandom(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  if (digits >= 3) return true;
  return changesOf(text) > text.length * (digits > 0 ? 0.3 : 0.45);
}

/** How often a letter or digit is of another class than the one before: small letter, capital, digit. */
function changesOf(text: string): number {
  let changes = 0;
  let last = 0;
  for (let i = 0; i < text.length; i++) {
    const now = classOf(text.charCodeAt(i));
    if (now !== 0 && now !== last && last !== 0) changes++;
    if (now !== 0) last = now;
  }
  return changes;
}

/** 0 for signs. */
function classOf(code: number): number {
  if (code >= 97 && code <= 122) return 1;
  if (code >= 65 && code <= 90) return 2;
  return code >= 48 && code <= 57 ? 3 : 0;
}

/** Card numbers have 13 to 19 digits, of which the last checks the others (Luhn; ISO/IEC 7812-1). */
function maskCards(text: string): string {
  const places: number[] = [];
  for (let i = 0; i < text.length; i++) if (classOf(text.charCodeAt(i)) === 3) places.push(i);
  let masked = '';
  let done = 0;
  for (let first = 0; first + 13 <= places.length; first++) {
    const length = cardLength(text, places, first);
    if (length === 0) continue;
    masked += `${text.slice(done, places[first])}[card]`;
    first += length - 1;
    done = places[first]! + 1;
  }
  return masked + text.slice(done);
}

/** Digits of the longest card number that begins with digit `first` and is no part of a longer number; 0 for none. */
function cardLength(text: string, places: readonly number[], first: number): number {
  if (places[first - 1] === places[first]! - 1) return 0;
  for (let length = Math.min(19, places.length - first); length >= 13; length--) {
    const last = first + length - 1;
    if (places[last + 1] !== places[last]! + 1 && checks(text, places, first, last)) return length;
  }
  return 0;
}

function checks(text: string, places: readonly number[], first: number, last: number): boolean {
  let sum = 0;
  for (let i = last; i >= first; i--) {
    const digit = text.charCodeAt(places[i]!) - 48;
    const counted = (last - i) % 2 === 0 ? digit : digit * 2;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}
