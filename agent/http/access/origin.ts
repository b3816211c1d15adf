import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser sent this for another page than ours. SameSite cookies do not tell: every port of a host is the same
 * site. `none` is what somebody typed. Browsers that send no Sec-Fetch-Site, as over plain HTTP to another machine,
 * send Origin with whatever can change something.
 */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== hostOf(headers.host);
}

/** As a URL writes it: without the default port. */
function hostOf(header: string | undefined): string | undefined {
  const url = `http://${header ?? ''}`;
  return URL.canParse(url) ? new URL(url).host : undefined;
}
