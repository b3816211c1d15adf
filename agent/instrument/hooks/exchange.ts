import { noDuration } from '../../../workers/contract/wire.ts';
import type { RecordedRequest, Recorder } from '../recorder.ts';
import { messageOf, quietly, sharedOnce } from './safety.ts';

/** What is used of a request of node:http, Express or Fastify, each field only where it is. */
export interface SeenRequest {
  readonly method?: string | undefined;
  readonly httpVersion?: string | undefined;
  readonly upgrade?: unknown;
  readonly user?: unknown;
  readonly auth?: unknown;
}

/** What is used of a response. */
export interface SeenResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  /** Not there with HTTP/2. */
  readonly writableFinished?: boolean | undefined;
  readonly writableEnded: boolean;
  readonly chunkedEncoding?: boolean | undefined;
  /** Node's own text of the status line and headers as they were sent. */
  readonly _header?: unknown;
  getHeader(name: string): unknown;
  on(event: 'close', listener: (this: SeenResponse) => void): unknown;
}

/** Tells the pattern of the route that answers, where the hook of a framework has not said it. */
export type RouteFinder = (req: SeenRequest, status: number) => string;

/** Requests that no route took. */
export const unmatched = 'unmatched';

/** Engine.IO's long polls, which may wait for as long as nothing happens. */
export const pollRoute = '/socket.io/';

class Returned {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: so that the fields of the derived class land on `target`.
    return target;
  }
}

/** What is known of a request between its start and its end. */
class Exchange {
  readonly startMs = performance.now();
  /** '' until a hook says it. */
  route = '';
  failure: unknown = undefined;
  readonly recorder: Recorder;
  readonly findRoute: RouteFinder;
  /** Who may tell the user. */
  req: SeenRequest;

  constructor(recorder: Recorder, findRoute: RouteFinder, req: SeenRequest) {
    this.recorder = recorder;
    this.findRoute = findRoute;
    this.req = req;
  }
}

/**
 * Keeps the exchange in a private field of its response object: nobody sees it, not even console.log, it dies with
 * the response, and it costs less than a WeakMap or several fields.
 */
class Carrier extends Returned {
  #exchange: Exchange;

  constructor(res: object, exchange: Exchange) {
    super(res);
    this.#exchange = exchange;
  }

  static of(res: object): Exchange | undefined {
    return #exchange in res ? res.#exchange : undefined;
  }
}

const recorded: RecordedRequest = {
  method: '',
  route: '',
  status: 0,
  durationUs: 0,
  timeMs: 0,
  user: '',
  error: '',
  untimed: false,
};

function finish(res: SeenResponse): void {
  try {
    const exchange = exchanges.Carrier.of(res);
    if (exchange !== undefined) record(exchange, res);
  } catch (error) {
    quietly('request', error);
  }
}

function record(exchange: Exchange, res: SeenResponse): void {
  const durationMs = performance.now() - exchange.startMs;
  const isWhole = res.writableFinished ?? res.writableEnded;
  if (!isWhole) answeredBy(exchange, exchanges.cutOff.get(exchange.req));
  const { req, failure } = exchange;
  const status = res.headersSent ? res.statusCode : failure === undefined ? 499 : 500;
  const route = exchange.route === '' ? exchange.findRoute(req, status) : exchange.route;
  recorded.method = req.method ?? '';
  recorded.route = route;
  recorded.status = status;
  recorded.timeMs = Date.now();
  recorded.user = userOf(req);
  recorded.error = failure === undefined ? '' : messageOf(failure);
  recorded.untimed = !isWhole || route === pollRoute || isEndless(req, res);
  recorded.durationUs = recorded.untimed ? noDuration : Math.round(durationMs * 1000);
  exchange.recorder.request(recorded);
}

function answeredBy(exchange: Exchange, answerer: Answerer | undefined): void {
  if (answerer === undefined) return;
  exchange.route = answerer.route;
  exchange.req = answerer.req;
}

function closed(this: SeenResponse): void {
  // Of a request that was cut off, frameworks hear a little later than its response.
  if (this.writableFinished ?? this.writableEnded) finish(this);
  else setImmediate(finish, this);
}

interface Answerer {
  readonly route: string;
  readonly req: SeenRequest;
}

/** Whoever of this process has the library loaded, even twice: a request is counted by the copy that came first. */
const exchanges = sharedOnce('exchanges', () => ({
  Carrier,
  cutOff: new WeakMap<object, Answerer>(),
}));

/**
 * Begins to watch a request; a second call for the same one does nothing. It is recorded when its response closes:
 * with the status that was sent, or else 499 when the client went away first (as nginx says) and 500 when an error did.
 */
export function beginExchange(
  recorder: Recorder,
  req: SeenRequest,
  res: SeenResponse,
  findRoute: RouteFinder,
): void {
  if (exchanges.Carrier.of(res) !== undefined) return;
  new exchanges.Carrier(res, new Exchange(recorder, findRoute, req));
  res.on('close', closed);
}

/** Says which pattern answers, and which object may tell the user. Nothing happens for a request not watched. */
export function setRoute(res: object, route: string, req: SeenRequest): void {
  const exchange = exchanges.Carrier.of(res);
  if (exchange !== undefined) answeredBy(exchange, { route, req });
}

/** The same for a request that the client gave up, where only the request object is at hand. */
export function setCutOffRoute(rawRequest: object, route: string, req: SeenRequest): void {
  exchanges.cutOff.set(rawRequest, { route, req });
}

/** An error reached the error handling of a framework: recorded once for a request, with the route that it came from. */
export function noteFailure(res: object, error: unknown, findRoute: RouteFinder): void {
  try {
    const exchange = exchanges.Carrier.of(res);
    if (exchange === undefined || Object.is(exchange.failure, error)) return;
    const { req, recorder } = exchange;
    exchange.failure = error;
    if (exchange.route === '') exchange.route = findRoute(req, 500);
    const { route } = exchange;
    recorder.error(error, { method: req.method ?? '', route, user: userOf(req), timeMs: Date.now() });
  } catch (problem) {
    quietly('error of a request', problem);
  }
}

/**
 * An upgrade, or an event stream: an answer of known length cannot be one, so that the header text is looked at only
 * where it may be.
 */
function isEndless(req: SeenRequest, res: SeenResponse): boolean {
  if (res.statusCode === 101 || req.upgrade === true) return true;
  if (res.chunkedEncoding !== true && req.httpVersion === '1.1') return false;
  // Headers given to writeHead are in no other place than in the text that was sent.
  if (typeof res._header === 'string') return /^content-type: *text\/event-stream/im.test(res._header);
  return String(res.getHeader('content-type')).startsWith('text/event-stream');
}

/** `user.id`, `user.sub`, `auth.id` or `auth.sub` when it is a text or a number; '' when not. */
export function userOf(req: SeenRequest): string {
  try {
    const { user, auth } = req;
    return user === undefined && auth === undefined ? '' : idOf(user) || idOf(auth);
  } catch {
    return '';
  }
}

function idOf(user: unknown): string {
  if (user === undefined || user === null) return '';
  const { id, sub } = user as { readonly id?: unknown; readonly sub?: unknown };
  const value = id ?? sub;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
