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
    const recorder = processRecorder();
    try {
      trackAPIRequest(recorder, request);
    } catch {
      trackAPIRequest(recorder, readable(request));
    }
  },

  trackDatabaseQuery(query: TrackedDatabaseQuery): void {
    const recorder = processRecorder();
    try {
      trackDatabaseQuery(recorder, query);
    } catch {
      trackDatabaseQuery(recorder, readable(query));
    }
  },

  trackSocketEvent(event: TrackedSocketEvent): void {
    const recorder = processRecorder();
    try {
      trackSocketEvent(recorder, event);
    } catch {
      trackSocketEvent(recorder, readable(event));
    }
  },

  /** For errors that the application catches itself. The same error object is counted once. */
  trackError(error: unknown, place?: TrackedErrorPlace): void {
    const recorder = processRecorder();
    try {
      trackError(recorder, error, place);
    } catch {
      trackError(recorder, error, readable(place));
    }
  },

  /** Says that a user is active, where requests do not. */
  trackUser(user: UserId | TrackedUser): void {
    const recorder = processRecorder();
    try {
      trackUser(recorder, user);
    } catch {
      trackUser(recorder, readable(user));
    }
  },
};
