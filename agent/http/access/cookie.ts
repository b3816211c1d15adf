import { sessionLifetimeMs } from './sessions.ts';

/** The session's cookie. */
export interface Cookie {
  /** With the port, as browsers share cookies between all servers of a host. */
  name(): string;
  /** `Set-Cookie` with the secret. */
  set(secret: string, forSeconds: number): string;
  /** `Set-Cookie` that takes it away. */
  clear(): string;
}

/**
 * A cookie that scripts cannot read (HttpOnly), that other sites' requests do not carry (SameSite=Strict), and that over
 * TLS never travels in the open (Secure, and `__Host-`, which keeps other servers of the domain from setting it).
 */
export function createCookie(isSecure: boolean, port: () => number): Cookie {
  const name = () => `${isSecure ? '__Host-' : ''}nova-agent-${port()}`;
  const written = (value: string, forSeconds: number) => {
    const age = Math.min(forSeconds, sessionLifetimeMs / 1000);
    return `${name()}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  };
  return { name, set: written, clear: () => written('', 0) };
}

/** The value of a cookie; undefined when the header does not hold it exactly once. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  return values.length === 1 ? values[0]!.slice(name.length + 1) || undefined : undefined;
}
