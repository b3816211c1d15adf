/** What one client can hold of the server; times in milliseconds. */
export interface HttpLimits {
  /** For the request line and the headers to arrive. */
  readonly headersTimeoutMs: number;
  /** For the whole request to arrive. */
  readonly requestTimeoutMs: number;
  /** For a handler to answer. */
  readonly handlerTimeoutMs: number;
  /** Silence on a connection, and between two requests on it. */
  readonly idleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How often the first two are looked at. */
  readonly checkEveryMs: number;
  readonly maxConnections: number;
  /** A client that takes nothing of its answer for so long is ended. */
  readonly unreadTimeoutMs: number;
  /** Bytes of answers that may wait for their clients together. */
  readonly mostUnreadBytes: number;
  /** Requests of one connection under way at once. */
  readonly mostPipelined: number;
  /** How often it is looked whether the certificate was changed. */
  readonly tlsCheckEveryMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  headersTimeoutMs: 7000,
  requestTimeoutMs: 8000,
  handlerTimeoutMs: 15_000,
  idleTimeoutMs: 60_000,
  keepAliveTimeoutMs: 7000,
  checkEveryMs: 1000,
  maxConnections: 1024,
  unreadTimeoutMs: 10_000,
  mostUnreadBytes: 32 * 1024 * 1024,
  mostPipelined: 16,
  tlsCheckEveryMs: 60_000,
};
