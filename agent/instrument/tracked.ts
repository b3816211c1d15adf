import { noDuration, reportedPart } from '../../workers/contract/wire.ts';
import type { StreamingRecorder } from './event-recorder.ts';
import { withoutQuery } from './privacy.ts';
import type { RecordedRequest } from './recorder.ts';

/** A moment: a date, milliseconds since 1970, or a text as in ISO 8601. What is no moment is taken for now. */
export type Timestamp = Date | number | string;

/** Users are counted by a keyed hash of their id, which the agent makes. */
export type UserId = string | number;

export interface TrackedAPIRequest {
  readonly timestamp?: Timestamp;
  /** The pattern of the route where there is one; a query string does not leave the service. */
  readonly endpoint: string;
  readonly method: string;
  readonly statusCode: number;
  /** Milliseconds. */
  readonly responseTime: number;
  readonly userId?: UserId | null | undefined;
  /** Message of the error that was answered. */
  readonly error?: string | null | undefined;
}

export interface TrackedDatabaseQuery {
  readonly timestamp?: Timestamp;
  /** SQL or the like; what it was asked with does not leave the service. Not needed where model and operation are given. */
  readonly query?: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
  readonly model?: string | null | undefined;
  /** Where it is not given: the first word of the query, in small letters. */
  readonly operation?: string | null | undefined;
  /** Message of the error, where the query failed. */
  readonly error?: string | null | undefined;
}

export interface TrackedSocketEvent {
  readonly timestamp?: Timestamp;
  readonly event: string;
  /** Open connections now. */
  readonly connections: number;
  /** Milliseconds. */
  readonly duration?: number | null | undefined;
}

export interface TrackedErrorPlace {
  /** Pattern of the route. */
  readonly route?: string | null | undefined;
  readonly method?: string | null | undefined;
  readonly userId?: UserId | null | undefined;
  readonly timestamp?: Timestamp;
}

export interface TrackedUser {
  readonly userId: UserId;
  readonly sessionId?: string | null | undefined;
  readonly timestamp?: Timestamp;
}

const request: RecordedRequest = {
  method: '',
  route: '',
  status: 0,
  durationUs: 0,
  timeMs: 0,
  user: '',
  error: '',
  untimed: false,
};

/** Counts as given up what has no endpoint. */
export function trackAPIRequest(recorder: StreamingRecorder, tracked: TrackedAPIRequest): void {
  recorder.reports(reportedPart.HTTP);
  const { endpoint, method, statusCode, responseTime, timestamp, userId, error } = fieldsOf(tracked);
  request.route = withoutQuery(textOf(endpoint));
  if (request.route === '') {
    recorder.refuse();
    return;
  }
  request.method = textOf(method);
  request.status = numberOf(statusCode);
  request.durationUs = microseconds(responseTime);
  request.timeMs = timeOf(timestamp);
  request.user = textOf(userId);
  request.error = textOf(error);
  recorder.request(request);
}

/** Counts as given up what has neither query nor model and operation. */
export function trackDatabaseQuery(recorder: StreamingRecorder, tracked: TrackedDatabaseQuery): void {
  recorder.reports(reportedPart.DB);
  const { query, duration, model, operation, timestamp, error } = fieldsOf(tracked);
  const text = textOf(query);
  const name = textOf(model);
  const what = textOf(operation) || firstWord(text);
  if (text === '' && name === '' && what === '') {
    recorder.refuse();
    return;
  }
  const message = textOf(error);
  recorder.query(
    name,
    what,
    text,
    microseconds(duration),
    timeOf(timestamp),
    error !== undefined && error !== null,
    message,
  );
}

/** Counts as given up what has no event. */
export function trackSocketEvent(recorder: StreamingRecorder, tracked: TrackedSocketEvent): void {
  recorder.reports(reportedPart.SOCKET);
  const { event, connections, duration, timestamp } = fieldsOf(tracked);
  const count = numberOf(connections);
  if (count >= 0) recorder.connections(count);
  const name = textOf(event);
  if (name === '') {
    recorder.refuse();
    return;
  }
  recorder.socketEvent(name, '', microseconds(duration), timeOf(timestamp), '', '');
}

/** Takes anything for an error. */
export function trackError(recorder: StreamingRecorder, error: unknown, place?: TrackedErrorPlace): void {
  recorder.reports(reportedPart.ERROR);
  const { route, method, userId, timestamp } = fieldsOf(place);
  recorder.error(error, {
    route: withoutQuery(textOf(route)),
    method: textOf(method),
    user: textOf(userId),
    timeMs: timeOf(timestamp),
  });
}

/** Counts as given up what has no user. */
export function trackUser(recorder: StreamingRecorder, tracked: UserId | TrackedUser): void {
  recorder.reports(reportedPart.USER);
  const { userId, sessionId, timestamp } =
    typeof tracked === 'object' ? fieldsOf(tracked) : { userId: tracked };
  const user = textOf(userId);
  if (user === '') {
    recorder.refuse();
    return;
  }
  recorder.user(user, textOf(sessionId), timeOf(timestamp));
}

/** What may be in place of the promised fields. */
interface Fields {
  readonly [name: string]: unknown;
}
const noFields: Fields = {};

function fieldsOf(tracked: unknown): Fields {
  return typeof tracked === 'object' && tracked !== null ? (tracked as Fields) : noFields;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Number.isFinite(value) || typeof value === 'bigint' ? `${value}` : '';
}

/** NaN where there is none. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
}

function microseconds(ms: unknown): number {
  const us = numberOf(ms) * 1000;
  return us >= 0 ? us : noDuration;
}

/** Milliseconds since 1970; NaN, which the recorder takes for now, where it is no time. */
function timeOf(timestamp: unknown): number {
  if (typeof timestamp === 'number') return timestamp;
  if (typeof timestamp === 'string') return Date.parse(timestamp);
  if (typeof timestamp !== 'object') return Number.NaN;
  try {
    return Date.prototype.getTime.call(timestamp);
  } catch {
    // No date, or one behind a proxy.
    return Number.NaN;
  }
}

/** Brackets and comments may come before it. */
function firstWord(query: string): string {
  const head = query.slice(0, 1024);
  const found = /^(?:[\s(]|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*([a-z]{1,32})/i.exec(head);
  return found?.[1]?.toLowerCase() ?? '';
}

const fieldNames = [
  ...[
    'timestamp',
    'endpoint',
    'method',
    'statusCode',
    'responseTime',
    'userId',
    'error',
    'query',
    'duration',
  ],
  ...['model', 'operation', 'event', 'connections', 'route', 'sessionId'],
];

/** A copy without the fields that cannot be read. */
export function readable<T>(tracked: T): T {
  const copy: Record<string, unknown> = {};
  for (const name of fieldNames) {
    try {
      copy[name] = (tracked as Fields)[name];
    } catch {
      // A getter that throws: as good as not there.
    }
  }
  return copy as T;
}
