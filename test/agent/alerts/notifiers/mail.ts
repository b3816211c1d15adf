import type { ReceivedMail } from '../../../support/smtp-receiver.ts';

/** Headers by their names in small letters, unfolded and decoded, and the body decoded, of a mail of one part. */
export function readMail({ text }: ReceivedMail): { headers: Record<string, string>; body: string } {
  const split = text.indexOf('\r\n\r\n');
  const lines = text
    .slice(0, split)
    .replace(/\r\n[ \t]/g, ' ')
    .split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), decodedWords(line.slice(colon + 1).trim())];
  });
  const headers = Object.fromEntries(pairs);
  return { headers, body: decoded(text.slice(split + 4), headers['content-transfer-encoding'] ?? '7bit') };
}

/** What a person sees between `<pre>` and `</pre>` of a mail in HTML; mails divide lines by CRLF. */
export function htmlTextOf(mail: ReceivedMail): string {
  const html = /<pre>(.*)<\/pre>/s.exec(readMail(mail).body)![1]!;
  if (/[<>]/.test(html)) throw new Error(`not escaped: ${html}`);
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  const shown = html.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hex, decimal, name) =>
    hex || decimal
      ? String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal))
      : (named[name] ?? whole),
  );
  return shown.replaceAll('\r\n', '\n');
}

function decoded(body: string, encoding: string): string {
  const text = body.replace(/\r\n$/, '');
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString();
  if (encoding !== 'quoted-printable') return text;
  return Buffer.from(
    text
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();
}

/** RFC 2047. */
function decodedWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, words: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(words, 'base64').toString()
        : decoded(words.replaceAll('_', ' '), 'quoted-printable'),
    );
}
