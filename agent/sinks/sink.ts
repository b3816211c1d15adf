import type { OlderQuery } from '../../workers/contract/older.ts';
import type { DeliverResult, DeliverTask } from '../../workers/contract/tasks.ts';

/** The store as a sink sees it: a cursor that only it moves. */
export interface DeliveryPort {
  deliver(task: DeliverTask): Promise<DeliverResult>;
}

/** A destination that keeps the past longer than the store does. */
export interface Past {
  readonly name: string;
  /**
   * JSON as `parseInfluxSeries` of workers/point reads it. Throws AgentError SINK_UNREACHABLE or SINK_REFUSED with words for
   * a person.
   */
  read(query: OlderQuery, signal: AbortSignal): Promise<string>;
  /** Ends its connection. */
  close(): Promise<void>;
}

/** How a sink is doing, for `/ready`. Tells no secrets. */
export interface SinkStatus {
  readonly sink: string;
  readonly up: boolean;
  /** Why it is not, in words for a person; '' when all is well. */
  readonly problem: string;
}

/**
 * A destination that follows the store at its own pace, or that is told of each tick. It never pushes back.
 * The order of calls is `start`, once, then `close`, once. `close` delivers what it can until `deadlineMs` from now.
 */
export interface Sink {
  readonly name: string;
  start(): void;
  status(): SinkStatus;
  close(deadlineMs: number): Promise<void>;
}
