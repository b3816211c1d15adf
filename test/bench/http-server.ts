// A bare server whose watching is switched by messages: `{mode}` begins a slice and answers with the CPU time and
// requests of the one before.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { metrics, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { Histogram } from 'prom-client';
import { createRecorder } from '../../agent/instrument/event-recorder.ts';
import { beginExchange, type SeenRequest, type SeenResponse } from '../../agent/instrument/hooks/exchange.ts';
import { findRoute } from '../../agent/instrument/hooks/route-finder.ts';
import type { HttpMode, HttpSlice } from './http-cost.ts';

const recorder = createRecorder(() => ({ path: process.argv[2]! }));
const onStart = (message: unknown): void => {
  const { request, response } = message as { request: SeenRequest; response: SeenResponse };
  beginExchange(recorder, request, response, findRoute);
};
const histogram = new Histogram({
  name: 'http',
  help: 'requests',
  labelNames: ['method', 'route', 'status'],
});

metrics.setGlobalMeterProvider(new MeterProvider());
trace.setGlobalTracerProvider(new NodeTracerProvider());
const instrumentation = new HttpInstrumentation();
instrumentation.disable();
const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http');

let mode: HttpMode = 'off';
let requests = 0;
let cpu = process.cpuUsage();

function watchByHistogram(req: IncomingMessage, res: ServerResponse): void {
  const stop = histogram.startTimer();
  res.on('finish', () => stop({ method: req.method!, route: 'unmatched', status: res.statusCode }));
}

const server = createServer((req, res) => {
  requests++;
  if (mode === 'instrument') beginExchange(recorder, req, res as unknown as SeenResponse, findRoute);
  else if (mode === 'prom-client') watchByHistogram(req, res);
  res.end('hello world');
});

process.on('message', (next: HttpMode) => {
  const { user, system } = process.cpuUsage(cpu);
  const slice: HttpSlice = { requests, cpuUs: user + system };
  if (mode === 'register') unsubscribe('http.server.request.start', onStart);
  if (mode === 'OpenTelemetry') instrumentation.disable();
  mode = next;
  if (mode === 'register') subscribe('http.server.request.start', onStart);
  if (mode === 'OpenTelemetry') instrumentation.enable();
  requests = 0;
  cpu = process.cpuUsage();
  process.send!(slice);
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as { port: number }).port));
