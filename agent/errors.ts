/**
 * Every code that an `AgentError` can have, with what it means. Codes are permanent: callers and people look them up.
 */
export const errorCodes = {
  CONFIG_INVALID: 'The configuration cannot be used; every problem is listed with its place.',
  USAGE: 'The command line cannot be understood.',
  DATA_DIR_TAKEN: 'Another agent owns the data directory.',
  DATA_DIR_UNUSABLE: 'The data directory cannot be made, read or written.',
  STORE_UNREADABLE: 'There is no history in the data directory, or it cannot be read.',
  HTTP_PORT_TAKEN: 'Something else listens on the HTTP address.',
  HTTP_FAILED: 'The HTTP server cannot start.',
  BUSY: 'Too many questions wait already; asking again later helps.',
  WORKER_FAILED: 'A worker task crashed, was ended or took too long.',
  SOURCE_TIMEOUT: 'A source did not answer within its deadline.',
  SOURCE_FAILED: 'A source could not be read.',
  SINK_UNREACHABLE: 'A destination did not answer.',
  SINK_REFUSED: 'A destination answered with an error status.',
  QUERY_INVALID: 'The PromQL expression cannot be read or evaluated; the message says where.',
  CONTROL_FAILED: 'The running agent could not be reached or refused the request.',
  RULES_INVALID: 'The rule files cannot be used; every problem is listed with its place.',
  NOTIFY_INVALID: 'The notification file cannot be used; every problem is listed with its place.',
  NOTIFY_FAILED: 'A notification could not be delivered to its receiver.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The one error class of the agent: callers branch on `code`. */
export class AgentError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The message of anything thrown, for a log line. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
