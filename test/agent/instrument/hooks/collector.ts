import type { ErrorPlace, RecordedRequest, Recorder } from '../../../../agent/instrument/recorder.ts';

export interface CollectedQuery {
  readonly model: string;
  readonly operation: string;
  readonly query: string;
  readonly durationUs: number;
  readonly failed: boolean;
  readonly error: string;
}

export interface CollectedSocketEvent {
  readonly event: string;
  readonly namespace: string;
  readonly durationUs: number;
  readonly user: string;
  readonly error: string;
}

export interface CollectedJob {
  readonly queue: string;
  readonly name: string;
  readonly durationUs: number;
  readonly failed: boolean;
  readonly error: string;
}

/** A recorder that keeps what it is told. */
export interface Collector extends Recorder {
  readonly requests: RecordedRequest[];
  readonly queries: CollectedQuery[];
  readonly socketEvents: CollectedSocketEvent[];
  readonly jobs: CollectedJob[];
  readonly errors: { readonly error: unknown; readonly at: ErrorPlace }[];
  /** What `connections` said, in order. */
  readonly counts: number[];
  parts: number;
}

export function collector(): Collector {
  const seen = new WeakSet<object>();
  const kept: Collector = {
    requests: [],
    queries: [],
    socketEvents: [],
    jobs: [],
    errors: [],
    counts: [],
    parts: 0,
    request: (request) => kept.requests.push({ ...request }),
    query: (model, operation, query, durationUs, _timeMs, failed, error) =>
      kept.queries.push({ model, operation, query, durationUs, failed, error }),
    socketEvent: (event, namespace, durationUs, _timeMs, user, error) =>
      kept.socketEvents.push({ event, namespace, durationUs, user, error }),
    job: (queue, name, durationUs, _timeMs, failed, error) =>
      kept.jobs.push({ queue, name, durationUs, failed, error }),
    error: (error, at) => {
      if (typeof error === 'object' && error !== null) {
        if (seen.has(error)) return;
        seen.add(error);
      }
      kept.errors.push({ error, at });
    },
    user: () => {},
    connections: (count) => kept.counts.push(count),
    reports: (parts) => {
      kept.parts |= parts;
    },
  };
  return kept;
}
