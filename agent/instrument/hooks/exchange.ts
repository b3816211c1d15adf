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
  readonly writableFinished: boolean;
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

/**
 * What is known of a request between its start and its end, in private fields of its response object: nobody sees
 * them, not even console.log, they die with the response, and they cost less than a WeakMap.
 */
class Exchange extends Returned {
  #startMs = performance.now();
  #route = '';
  #failure: unknown;
  #recorder: Recorder;
  #findRoute: RouteFinder;
  #req: SeenRequest;

  constructor(res: SeenResponse, req: SeenRequest, recorder: Recorder, findRoute: RouteFinder) {
    super(res);
    this.#recorder = recorder;
    this.#findRoute = findRoute;
    this.#req = req;
  }

  static has(res: object): boolean {
    return #startMs in res;
  }

  static setRoute(res: object, route: string, req: SeenRequest): void {
    if (!(#route in res)) return;
    res.#route = route;
    res.#req = req;
  }

  static fail(res: object, error: unknown, findRoute: RouteFinder): void {
    if (!(#failure in res) || Object.is(res.#failure, error)) return;
    res.#failure = error;
    if (res.#route === '') res.#route = findRoute(res.#req, 500);
    const place = {
      method: res.#req.method ?? '',
      route: res.#route,
      user: userOf(res.#req),
      timeMs: Date.now(),
    };
    res.#recorder.error(error, place);
  }

  static finish(res: SeenResponse): void {
    if (!(#startMs in res)) return;
    const own = res as SeenResponse & Exchange;
    const durationMs = performance.now() - own.#startMs;
    const cutOff = res.writableFinished ? undefined : exchanges.cutOff.get(own.#req);
    if (cutOff !== undefined) Exchange.setRoute(res, cutOff.route, cutOff.req);
    const req = own.#req;
    const failure = own.#failure;
    const isWhole = res.writableFinished;
    const status = res.headersSent ? res.statusCode : failure === undefined ? 499 : 500;
    recorded.method = req.method ?? '';
    recorded.route = own.#route === '' ? own.#findRoute(req, status) : own.#route;
    recorded.status = status;
    recorded.timeMs = Date.now();
    recorded.user = userOf(req);
    recorded.error = failure === undefined ? '' : messageOf(failure);
    recorded.untimed = !isWhole || recorded.route === pollRoute || isEndless(req, res);
    recorded.durationUs = recorded.untimed ? noDuration : Math.round(durationMs * 1000);
    own.#recorder.request(recorded);
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
    Exchange.finish(res);
  } catch (error) {
    quietly('request', error);
  }
}

function closed(this: SeenResponse): void {
  // Of a request that was cut off, frameworks hear a little later than its response.
  if (this.writableFinished) finish(this);
  else setImmediate(finish, this);
}

interface Answerer {
  readonly route: string;
  readonly req: SeenRequest;
}

/** Whoever of this process has the library loaded, even twice: a request is counted by the copy that came first. */
const exchanges = sharedOnce('exchanges', () => ({
  Exchange,
  closed,
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
  if (exchanges.Exchange.has(res)) return;
  new exchanges.Exchange(res, req, recorder, findRoute);
  res.on('close', exchanges.closed);
}

/** Says which pattern answers, and which object may tell the user. Nothing happens for a request not watched. */
export function setRoute(res: object, route: string, req: SeenRequest): void {
  exchanges.Exchange.setRoute(res, route, req);
}

/** The same for a request that the client gave up, where only the request object is at hand. */
export function setCutOffRoute(rawRequest: object, route: string, req: SeenRequest): void {
  exchanges.cutOff.set(rawRequest, { route, req });
}

/** An error reached the error handling of a framework: recorded once for a request, with the route that it came from. */
export function noteFailure(res: object, error: unknown, findRoute: RouteFinder): void {
  try {
    exchanges.Exchange.fail(res, error, findRoute);
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
  if (res.chunkedEncoding !== true && req.httpVersion !== '1.0') return false;
  // Headers given to writeHead are in no other place than in the text that was sent.
  if (typeof res._header === 'string') return /^content-type: *text\/event-stream/im.test(res._header);
  return String(res.getHeader('content-type')).startsWith('text/event-stream');
}

/** `user.id`, `user.sub`, `auth.id` or `auth.sub` when it is a text or a number; '' when not. */
export function userOf(req: SeenRequest): string {
  try {
    return idOf(req.user) || idOf(req.auth);
  } catch {
    return '';
  }
}

function idOf(user: unknown): string {
  if (user === undefined || user === null) return '';
  const { id, sub } = user as { id?: unknown; sub?: unknown };
  const value = id ?? sub;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
