/**
 * Takes what happens in the service. Every method is safe to call at any time from any hook: it never throws, never
 * blocks, and costs well under a microsecond. Texts are cleaned here (privacy.ts), whoever gives them.
 *
 * Times are milliseconds since 1970, durations microseconds; `noDuration` of the wire is "not timed".
 */
export interface Recorder {
  request(request: RecordedRequest): void;
  /** `query` is '' where model and operation say all. */
  query(
    model: string,
    operation: string,
    query: string,
    durationUs: number,
    timeMs: number,
    failed: boolean,
    error: string,
  ): void;
  socketEvent(
    event: string,
    namespace: string,
    durationUs: number,
    timeMs: number,
    user: string,
    error: string,
  ): void;
  job(queue: string, name: string, durationUs: number, timeMs: number, failed: boolean, error: string): void;
  /** Anything thrown; the same object is taken once, whichever hooks see it. */
  error(error: unknown, at: ErrorPlace): void;
  user(user: string, session: string, timeMs: number): void;
  /** Open sockets now. */
  connections(count: number): void;
  /** Says that this process would tell of these parts (`reportedPart` bits) if something happened. */
  reports(parts: number): void;
}

/** Filled by a hook and used up by the call: the same object may be filled again. */
export interface RecordedRequest {
  method: string;
  /** The pattern; 'unmatched' where no route took the request. */
  route: string;
  status: number;
  durationUs: number;
  timeMs: number;
  /** '' when not known. */
  user: string;
  /** Message of the error that was answered; '' when none is known. */
  error: string;
  /** Event streams, upgrades, responses that the client cut off. */
  untimed: boolean;
}

export interface ErrorPlace {
  /** '' outside a request. For a job the method is 'job' and the route 'QUEUE/NAME'. */
  readonly method?: string;
  readonly route?: string;
  readonly user?: string;
  readonly timeMs?: number;
}
