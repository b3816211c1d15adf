import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { type Bearer, digestOf, type Token, TokenTable } from '../tokens.ts';
import { defaultFailureLimits, FailureLimit, type FailureLimits } from './failure-limit.ts';
import { createJwtCheck, type JwtCheck, type JwtOptions } from './jwt.ts';
import { LastUsed } from './last-used.ts';
import { LoginCodes } from './login-codes.ts';
import { createSessionFile, readSessions } from './session-file.ts';
import { type Session, SessionTable, sessionLifetimeMs } from './sessions.ts';

export interface AccessOptions {
  readonly tokens: readonly Token[];
  /** Whether the agent made the only token itself. */
  readonly isMade: boolean;
  readonly jwt?: JwtOptions | undefined;
  readonly limits?: FailureLimits | undefined;
}

export interface AccessParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Owned by the caller; sessions are kept there. */
  readonly dataDir: string;
}

/** Who somebody is, and since a login by the page also by which session. */
export interface Known {
  readonly bearer: Bearer;
  readonly session?: Session;
  /** Until when, unless the session ends before; milliseconds since 1970. */
  readonly endsMs: number;
}

export interface Refusal {
  readonly status: 401 | 403 | 429 | 503;
  readonly problem: string;
  readonly retryAfterSeconds?: number;
}

/** What `identify` finds, with what a session opened by it is bound to. */
interface Identified {
  readonly bearer: Bearer;
  readonly credential: string;
  readonly endsMs: number;
}

/** Who may ask: tokens, the service's own JSON Web Tokens, login codes, and the page's sessions that these open. */
export class Access {
  readonly #tokens: TokenTable;
  readonly #jwt: JwtCheck | undefined;
  readonly #sessions: SessionTable;
  readonly #codes = new LoginCodes();
  readonly #failures: FailureLimit;
  /** Whether the tokens are of our own making. */
  readonly #isMade: boolean;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Addresses whose lockout is in the log. */
  readonly #told = new LastUsed<string, true>(256);
  /** What sessions opened with a code are bound to. */
  readonly #codeCredential: string;

  constructor(parts: {
    readonly tokens: TokenTable;
    readonly jwt: JwtCheck | undefined;
    readonly sessions: SessionTable;
    readonly failures: FailureLimit;
    readonly isMade: boolean;
    readonly clock: Clock;
    readonly log: Log;
    readonly codeCredential: string;
  }) {
    this.#tokens = parts.tokens;
    this.#jwt = parts.jwt;
    this.#sessions = parts.sessions;
    this.#failures = parts.failures;
    this.#isMade = parts.isMade;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#codeCredential = parts.codeCredential;
  }

  /** Whose token it is, the agent's own or a JSON Web Token. A promise only for the second. */
  identify(token: string, address: string): Identified | Refusal | Promise<Identified | Refusal> {
    const digest = digestOf(token);
    const bearer = this.#tokens.bearerOf(digest);
    const waitSeconds = this.#failures.waitSeconds(address, digest, this.#clock.monotonicMs());
    // What we made ourselves cannot be guessed, however often: who has it never waits.
    if (waitSeconds > 0 && !(bearer && this.#isMade)) return this.#tooMany(address, waitSeconds);
    if (bearer) {
      this.#failures.right(address, digest);
      return { bearer, credential: digest, endsMs: Number.POSITIVE_INFINITY };
    }
    // Three parts between dots: the only form of a signed JSON Web Token.
    if (this.#jwt && /^[\w-]+\.[\w-]*\.[\w-]*$/.test(token))
      return this.#checkJwt(this.#jwt, token, address, digest);
    this.#failures.wrong(address, digest, this.#clock.monotonicMs());
    return { status: 401, problem: 'this is no valid token' };
  }

  async #checkJwt(
    jwt: JwtCheck,
    token: string,
    address: string,
    digest: string,
  ): Promise<Identified | Refusal> {
    const outcome = await jwt.check(token);
    if ('problem' in outcome) {
      if (outcome.isGuess) this.#failures.wrong(address, digest, this.#clock.monotonicMs());
      const { status, problem } = outcome;
      return { status, problem, ...(status === 503 && { retryAfterSeconds: 30 }) };
    }
    this.#failures.right(address, digest);
    return { ...outcome, credential: jwtCredential(jwt) };
  }

  /** A code for one login within ten minutes. */
  makeCode(bearer: Bearer): string {
    return this.#codes.make(bearer, this.#clock.monotonicMs());
  }

  /** Opens a session with a token or a code; gives the cookie's secret and how long it lasts. */
  async logIn(
    given: { readonly token: string } | { readonly code: string },
    address: string,
  ): Promise<(Known & { readonly secret: string; readonly forSeconds: number }) | Refusal> {
    const identified =
      'token' in given ? await this.identify(given.token, address) : this.#takeCode(given.code, address);
    if ('status' in identified) return identified;
    const nowMs = this.#clock.now();
    const endsMs = Math.min(nowMs + sessionLifetimeMs, identified.endsMs);
    const { bearer, credential } = identified;
    const { secret, session } = await this.#sessions.open({ ...bearer, credential, endsMs }, nowMs);
    this.#log.info('http: login', { name: bearer.name, role: bearer.role, address });
    return { bearer, session, endsMs, secret, forSeconds: Math.floor((endsMs - nowMs) / 1000) };
  }

  #takeCode(code: string, address: string): Identified | Refusal {
    const digest = digestOf(code);
    const nowMs = this.#clock.monotonicMs();
    const bearer = this.#codes.take(code, nowMs);
    if (bearer) return { bearer, credential: this.#codeCredential, endsMs: Number.POSITIVE_INFINITY };
    const waitSeconds = this.#failures.waitSeconds(address, digest, nowMs);
    if (waitSeconds > 0) return this.#tooMany(address, waitSeconds);
    this.#failures.wrong(address, digest, nowMs);
    return {
      status: 401,
      problem: 'this login address was used already or is too old; "nova-agent login" makes a new one',
    };
  }

  /** The session that a cookie's secret opens. */
  sessionOf(secret: string): Known | undefined {
    const session = this.#sessions.find(secret, this.#clock.now());
    return session && { bearer: { name: session.name, role: session.role }, session, endsMs: session.endsMs };
  }

  /** Whether somebody who was let in may still stay. */
  mayStay({ session, endsMs }: Pick<Known, 'session' | 'endsMs'>): boolean {
    return this.#clock.now() < endsMs && (!session || this.#sessions.has(session));
  }

  #tooMany(address: string, waitSeconds: number): Refusal {
    if (!this.#told.get(address))
      this.#log.warn('http: too many wrong tokens, further ones wait', { address });
    this.#told.set(address, true);
    return {
      status: 429,
      problem: `too many wrong tokens; try again in ${waitSeconds} s`,
      retryAfterSeconds: waitSeconds,
    };
  }

  logOut(session: Session): Promise<void> {
    return this.#sessions.end(session);
  }
}

/** Throws AgentError HTTP_FAILED when a key file cannot be used. */
export async function createAccess(options: AccessOptions, parts: AccessParts): Promise<Access> {
  const tokens = new TokenTable(options.tokens);
  const jwt = options.jwt && (await createJwtCheck(options.jwt, parts));
  // Who changes who may ask, or deletes the token that was made, ends the sessions that codes opened too.
  const codeCredential = `code ${tokens.id} ${jwt?.id ?? ''}`;
  const nowMs = parts.clock.now();
  const kept = (await readSessions(parts.dataDir, parts.log)).flatMap((session): Session[] => {
    if (session.endsMs <= nowMs) return [];
    if (session.credential === codeCredential || (jwt && session.credential === jwtCredential(jwt)))
      return [session];
    const bearer = tokens.bearerOf(session.credential);
    return bearer ? [{ ...session, ...bearer }] : [];
  });
  return new Access({
    tokens,
    jwt,
    sessions: new SessionTable(createSessionFile(parts.dataDir, parts.log), kept),
    failures: new FailureLimit(options.limits ?? defaultFailureLimits),
    isMade: options.isMade,
    clock: parts.clock,
    log: parts.log,
    codeCredential,
  });
}

function jwtCredential({ id }: JwtCheck): string {
  return `jwt ${id}`;
}
