import { createHash, timingSafeEqual } from 'node:crypto';

/** `viewer` may read (GET and HEAD), `admin` may also change things. */
export const roles = ['admin', 'viewer'] as const;
export type Role = (typeof roles)[number];

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
      digest: Buffer.from(digestOf(token)),
    }));
  }

  /** Changes with the tokens and what each may do. */
  get id(): string {
    const parts = this.#entries.map(({ bearer, digest }) => [bearer.name, bearer.role, digest.toString()]);
    return digestOf(JSON.stringify(parts));
  }

  /**
   * Whose token has this digest; undefined when none has. It takes as long for a nearly right token as for any
   * other: digests of one length are compared in constant time, all of them always.
   */
  bearerOf(digest: string): Bearer | undefined {
    const given = Buffer.from(digest);
    let found: Bearer | undefined;
    for (const entry of this.#entries) {
      if (given.length === entry.digest.length && timingSafeEqual(entry.digest, given)) found = entry.bearer;
    }
    return found;
  }
}

/** SHA-256 in base64url: what is kept and compared in place of a secret. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
