/**
 * `node --import nova-agent/register server.js`: watches what the service loads, and nothing of it has to be changed.
 */
import { subscribe } from 'node:diagnostics_channel';
import { reportedPart } from '../../workers/contract/wire.ts';
import { beginExchange, type SeenRequest, type SeenResponse } from './hooks/exchange.ts';
import { observeFastify } from './hooks/fastify.ts';
import { observeModules } from './hooks/module-patch.ts';
import { packageHook } from './hooks/packages.ts';
import { observePrisma } from './hooks/prisma.ts';
import { findRoute } from './hooks/route-finder.ts';
import { quietly, sharedOnce } from './hooks/safety.ts';
import { processRecorder } from './process-recorder.ts';

const state = sharedOnce('register', () => ({ isIn: false }));

function register(): void {
  if (state.isIn) return;
  state.isIn = true;
  const recorder = processRecorder();
  subscribe('http.server.request.start', (message) => {
    try {
      const { request, response } = message as { request: SeenRequest; response: SeenResponse };
      beginExchange(recorder, request, response, findRoute);
    } catch (error) {
      quietly('request', error);
    }
  });
  subscribe('fastify.initialization', (message) => {
    observeFastify((message as { fastify: Parameters<typeof observeFastify>[0] }).fastify);
  });
  observePrisma(recorder);
  observeModules(packageHook(recorder));
  recorder.reports(reportedPart.HTTP | reportedPart.USER);
}

try {
  register();
} catch (error) {
  quietly('register', error);
}
