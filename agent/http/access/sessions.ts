import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Bearer, digestOf } from '../tokens.ts';

/** How long a session lasts, whatever is done with it. */
export const sessionLifetimeMs = 7 * 24 * 3_600_000;
/** The oldest makes room. */
const mostSessions = 256;

/** A login by the page. */
export interface Session {
  /** Of the cookie's secret, which only the browser has. */
  readonly digest: string;
  readonly name: string;
  readonly role: Bearer['role'];
  /** What it was opened with: it ends when that is no longer valid. See `Access`. */
  readonly credential: string;
  /** Milliseconds since 1970. */
  readonly endsMs: number;
}

/** Where sessions are kept over a restart. */
export interface SessionFile {
  write(sessions: readonly Session[]): Promise<void>;
}

/**
 * The page's logins. They are kept in a file, so that a restart under an open page logs nobody out; it holds digests
 * only: who reads it cannot make a cookie of it.
 */
export class SessionTable {
  readonly #file: SessionFile;
  readonly #sessions: Map<string, Session>;

  /** `kept`: those of the last run that are still valid, oldest first. */
  constructor(file: SessionFile, kept: readonly Session[]) {
    this.#file = file;
    this.#sessions = new Map(kept.slice(-mostSessions).map((session) => [session.digest, session]));
  }

  /** `secret` is what the cookie holds. */
  async open(
    of: Omit<Session, 'digest'>,
    nowMs: number,
  ): Promise<{ readonly secret: string; readonly session: Session }> {
    const secret = randomBytes(32).toString('base64url');
    const session = { ...of, digest: digestOf(secret) };
    for (const [key, { endsMs }] of this.#sessions) if (endsMs <= nowMs) this.#sessions.delete(key);
    this.#sessions.set(session.digest, session);
    if (this.#sessions.size > mostSessions) {
      this.#sessions.delete(this.#sessions.keys().next().value as string);
    }
    await this.#file.write([...this.#sessions.values()]);
    return { secret, session };
  }

  find(secret: string, nowMs: number): Session | undefined {
    const session = this.#sessions.get(digestOf(secret));
    return session && nowMs < session.endsMs ? session : undefined;
  }

  /** False for one that was ended. */
  has({ digest }: Session): boolean {
    return this.#sessions.has(digest);
  }

  async end({ digest }: Session): Promise<void> {
    if (this.#sessions.delete(digest)) await this.#file.write([...this.#sessions.values()]);
  }
}

/** What requests of a session that change something must carry: only the page, which asked for it, can know it. */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url');
}

export function isCsrfToken(given: unknown, secret: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(csrfTokenOf(secret))];
  return a.length === b.length && timingSafeEqual(a, b);
}
