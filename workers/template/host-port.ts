import { isIP } from 'node:net';

/** `host:port` in its parts, as Go's `net.SplitHostPort`; undefined where it is not that. */
function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = text.slice(colon + 1);
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0 || end + 1 !== colon) return undefined;
    const host = text.slice(1, end);
    return /[[\]]/.test(host + port) ? undefined : { host, port };
  }
  const host = text.slice(0, colon);
  return host.includes(':') || /[[\]]/.test(text) ? undefined : { host, port };
}

/** `foo.example.com:80` without the port. */
export function stripPort(text: string): string {
  return splitHostPort(text)?.host ?? text;
}

/** `foo.example.com:80` as `foo:80`; addresses as they are. */
export function stripDomain(text: string): string {
  const parts = splitHostPort(text);
  const host = parts?.host ?? text;
  if (isIP(host) !== 0 && !host.includes('%')) return text;
  const name = host.split('.')[0]!;
  if (parts === undefined || parts.port === '') return name;
  return name.includes(':') ? `[${name}]:${parts.port}` : `${name}:${parts.port}`;
}
