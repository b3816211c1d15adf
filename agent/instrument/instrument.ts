import type { StreamingRecorder } from './event-recorder.ts';
import { createExpressMiddleware } from './hooks/express.ts';
import { createPrismaExtension } from './hooks/prisma.ts';
import { attachSocketIo } from './hooks/socket-io.ts';
import { processRecorder } from './process-recorder.ts';
import {
  readable,
  type TrackedAPIRequest,
  type TrackedDatabaseQuery,
  type TrackedErrorPlace,
  type TrackedSocketEvent,
  type TrackedUser,
  trackAPIRequest,
  trackDatabaseQuery,
  trackError,
  trackSocketEvent,
  trackUser,
  type UserId,
} from './tracked.ts';

export type {
  Timestamp,
  TrackedAPIRequest,
  TrackedDatabaseQuery,
  TrackedErrorPlace,
  TrackedSocketEvent,
  TrackedUser,
  UserId,
} from './tracked.ts';

/**
 * Tells the agent what happens in this process. Nothing is done before the first call of any of it; none throws,
 * blocks, or keeps the process alive, and all do nothing worth naming while there is no agent.
 */
export const monitor = {
  /** Middleware for `app.use`, before the routes: every request by the pattern of its route. Express 4 and 5. */
  express() {
    return createExpressMiddleware(processRecorder());
  },

  /** An extension for `prisma.$extends`: every operation, failures included. Prisma 6 and 7. */
  prisma() {
    return createPrismaExtension(processRecorder());
  },

  /** Connections and events of a Socket.IO server, in all its namespaces. */
  socketIo(io: Parameters<typeof attachSocketIo>[1]): void {
    attachSocketIo(processRecorder(), io);
  },

  trackAPIRequest(request: TrackedAPIRequest): void {
    safely(trackAPIRequest, request);
  },

  trackDatabaseQuery(query: TrackedDatabaseQuery): void {
    safely(trackDatabaseQuery, query);
  },

  trackSocketEvent(event: TrackedSocketEvent): void {
    safely(trackSocketEvent, event);
  },

  /** For errors that the application catches itself. The same error object is counted once. */
  trackError(error: unknown, place?: TrackedErrorPlace): void {
    safely((recorder, where) => trackError(recorder, error, where), place);
  },

  /** Says that a user is active, where requests do not. */
  trackUser(user: UserId | TrackedUser): void {
    safely(trackUser, user);
  },
};

/** What cannot be read as it is, a proxy perhaps, may be read in part; else it is counted as given up. */
function safely<T>(track: (recorder: StreamingRecorder, tracked: T) => void, tracked: T): void {
  try {
    track(processRecorder(), tracked);
  } catch {
    try {
      track(processRecorder(), readable(tracked));
    } catch {
      processRecorder().refuse();
    }
  }
}
