/**
 * What the watched service sends to the agent: frames over a stream, one stream for each process or thread of it.
 *
 * A frame stands for itself: the texts that its records name are in it, so that a frame which is lost, or a stream
 * that begins anew, leaves nothing undefined behind. All numbers are little-endian; a frame begins at a multiple
 * of 8 bytes and its length is one, so that both sides may look at it through typed arrays.
 *
 *     frame   header (frameHeader.BYTES_LENGTH bytes) | body
 *     hello   body: UTF-8 JSON of `Hello`, padded with spaces; the first frame of a stream, and only that
 *     events  body: RECORDS records of 16 bytes | TEXTS times (u32 length in bytes, UTF-8, zeros up to 4 bytes) |
 *             zeros up to 8 bytes
 *     runtime body: Float64Array[runtimeField.LENGTH]
 */

/** A stream whose hello says another one is refused. */
export const wireVersion = 1;

/** Bytes of a frame at most, its header included; a longer one ends its connection. */
export const mostFrameBytes = 65_536;

export const frameKind = { HELLO: 1, EVENTS: 2, RUNTIME: 3 } as const;

/** Words (u32) of a header; FIRST is a float64 and takes two. */
export const frameHeader = {
  /** Bytes of the whole frame. */
  BYTES: 0,
  KIND: 1,
  /** Events: how many records there are. Otherwise 0. */
  RECORDS: 2,
  /** Events: how many texts there are. Otherwise 0. */
  TEXTS: 3,
  /**
   * Float64, index 2 of the same bytes: events that were made before the first of this frame, those that were
   * given up included. What lies between the end of one frame and this was lost. In a runtime frame: of the next
   * events frame.
   */
  FIRST: 4,
  /** Float64, index 3: events: milliseconds since 1970 that the times of the records count from. */
  BASE_MS: 6,
  /** 0 as sent; the agent puts the number of the connection there before it hands the frame on. */
  INSTANCE: 8,
  LENGTH: 10,
  BYTES_LENGTH: 40,
} as const;

/** What a record is about. */
export const recordKind = { HTTP: 1, DB: 2, SOCKET: 3, JOB: 4, ERROR: 5, USER: 6 } as const;

export const recordFlag = {
  /** The query, event or job failed. A request has failed by its status. */
  FAILED: 1,
  /** Not for durations: an event stream, an upgrade, a response cut off by the client. */
  UNTIMED: 2,
} as const;

/**
 * A record is four words. `a`, `b`, `c` are numbers of texts of the frame, 1 for the first, 0 for none:
 *
 *     0  kind (4 bits) | flags << 4 (4) | status << 8 (10) | c << 18 (14)
 *     1  a (16) | b << 16 (16)
 *     2  duration in µs, `noDuration` for none; of an ERROR: the number of the user's text
 *     3  time less BASE_MS, in ms, signed
 *
 *     kind    a                          b           c
 *     HTTP    `METHOD NUL route`         user        error message
 *     DB      `model NUL operation`      query       error message
 *     SOCKET  `event NUL namespace`      user        error message
 *     JOB     `queue NUL job name`       0           error message
 *     ERROR   `type NUL stack frames`    message     `METHOD NUL route`, where it came up in a request
 *     USER    user                       session     0
 *
 * A stack is the lines that begin with `at`, without their indentation, joined by line feeds. A text holds no other
 * NUL than the one shown, at most `mostTextBytes`, and no query string, parameter or body: see
 * agent/instrument/privacy.ts.
 */
export const recordWords = 4;
export const noDuration = 0xffff_ffff;
export const mostTextBytes = 4096;

/** Every how many milliseconds a service sends what it has. */
export const flushEveryMs = 500;
/** Every how many milliseconds a service sends a runtime frame. */
export const runtimeEveryMs = 2000;

/** Float64 fields of a runtime frame; NaN is "not known". Of the time since the frame before. */
export const runtimeField = {
  EVENTLOOP_DELAY_P50_MS: 0,
  EVENTLOOP_DELAY_P99_MS: 1,
  EVENTLOOP_DELAY_MAX_MS: 2,
  EVENTLOOP_UTILIZATION_RATIO: 3,
  HEAP_USED_BYTES: 4,
  HEAP_TOTAL_BYTES: 5,
  EXTERNAL_BYTES: 6,
  /** Sum of the pauses. */
  GC_PAUSE_MS: 7,
  /** Open sockets of Socket.IO, or as `trackSocketEvent` last said. */
  CONNECTIONS: 8,
  /** Sum of `reportedPart` bits: what this process would report if it happened. */
  PARTS: 9,
  LENGTH: 10,
} as const;

/** A part that no process reports is unknown; one that is reported and had nothing is zero. */
export const reportedPart = { HTTP: 1, DB: 2, SOCKET: 4, JOB: 8, ERROR: 16, USER: 32 } as const;

export interface Hello {
  readonly version: number;
  readonly pid: number;
  readonly ppid: number;
  /** 0 on the main thread. */
  readonly threadId: number;
  /** When the thread started, milliseconds since 1970, with fractions: with pid and threadId its identity. */
  readonly startedMs: number;
  /** What to call the process where the agent has no name for it: NOVA_AGENT_PROCESS, else package or script name. */
  readonly name: string;
  /** process.version */
  readonly node: string;
  /** Which version of itself the service is: NOVA_APP_VERSION, else of its package. */
  readonly appVersion?: string;
  /** Events made before those that this stream will bring: none of them was handed to an earlier stream. */
  readonly resume: number;
}
