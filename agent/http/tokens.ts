import { createHash, timingSafeEqual } from 'node:crypto';

/** `viewer` may read (GET and HEAD), `admin` may also change things. */
export type Role = 'admin' | 'viewer';

export interface Token {
  /** Who has it, for messages. */
  readonly name: string;
  readonly role: Role;
  readonly token: string;
}

export interface Bearer {
  readonly name: string;
  readonly role: Role;
}

/** The tokens that open the API; kept as digests only. */
export class TokenTable {
  readonly #entries: readonly { readonly bearer: Bearer; readonly digest: Buffer }[];

  constructor(tokens: readonly Token[]) {
    this.#entries = tokens.map(({ name, role, token }) => ({
      bearer: { name, role },
      digest: digestOf(token),
    }));
  }

  /**
   * Who an `Authorization` header names; null when it is missing, is not `Bearer TOKEN` (RFC 6750) or the token is
   * unknown. It takes as long for a nearly right token as for any other: digests of one length are compared in
   * constant time, all of them always.
   */
  bearerOf(authorization: string | undefined): Bearer | null {
    const match = /^bearer +(\S+) *$/i.exec(authorization ?? '');
    if (!match) return null;
    const digest = digestOf(match[1]!);
    let found: Bearer | null = null;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry.bearer;
    }
    return found;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
