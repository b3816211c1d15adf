import { lstat, mkdir, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { controlPlace } from './control-place.ts';

/** Takes the JSON body of a command (undefined when there was none) and gives its JSON answer. */
export type ControlHandler = (body: unknown) => Promise<unknown>;

export interface ControlServerOptions {
  /** Owned by the caller: nobody else listens for it. */
  readonly dataDir: string;
  /** By command. */
  readonly handlers: Readonly<Record<string, ControlHandler>>;
  readonly log: Log;
  /** Milliseconds for a handler to answer; 30 s unless told. */
  readonly handlerTimeoutMs?: number;
}

export interface ControlServer {
  /**
   * Listens; a socket that a killed agent left is replaced. Throws AgentError CONTROL_FAILED when the socket cannot
   * be made, something else than a socket has its place, or others could put theirs there.
   */
  start(): Promise<void>;
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
}

const maxBodyBytes = 1024 * 1024;
const defaultHandlerTimeoutMs = 30_000;

/**
 * Commands of this user's command line to the running agent: `POST /COMMAND` with JSON over a Unix socket that only
 * this user can open. 200 with the answer, else `{error}` with 400, 404, 405, 413 or 500.
 */
export function createControlServer(options: ControlServerOptions): ControlServer {
  const { dataDir, log, handlerTimeoutMs = defaultHandlerTimeoutMs } = options;
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      // The connection's own timer: it ends with it, so that a stuck handler does not keep the process alive.
      response.setTimeout(handlerTimeoutMs, () => {
        send(response, 500, {
          error: `"${commandOf(request)}" is not done after ${handlerTimeoutMs} ms; it goes on`,
        });
      });
      answer(request, options).then(
        ({ status, json }) => send(response, status, json),
        (error) => {
          log.warn(`control: ${commandOf(request)} failed: ${messageOf(error)}`);
          send(response, 500, { error: messageOf(error) });
        },
      );
    },
  );
  server.maxConnections = 32;
  return {
    start: async () => {
      const { path, extraFolder } = await controlPlace(dataDir);
      try {
        if (extraFolder !== null) await makePrivateFolder(extraFolder);
        await removeLeftSocket(path);
        await listenPrivately(server, path);
        server.on('error', (error) => log.warn(`control: ${messageOf(error)}`));
      } catch (cause) {
        const message = `the control socket ${path} cannot be made: ${messageOf(cause)}`;
        throw new AgentError('CONTROL_FAILED', message, { cause });
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stat = await lstat(folder);
  if (stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0) return;
  throw new Error(`${folder} must be a folder of this user that nobody else can open`);
}

async function removeLeftSocket(path: string): Promise<void> {
  const left = await lstat(path).catch(() => undefined);
  if (!left) return;
  if (!left.isSocket()) throw new Error('what is there is not a socket; move it away');
  await unlink(path);
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within the call of listen: there is no moment at which others could open it.
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

interface ControlAnswer {
  readonly status: number;
  readonly json: unknown;
}

async function answer(request: IncomingMessage, options: ControlServerOptions): Promise<ControlAnswer> {
  if (request.method !== 'POST') return { status: 405, json: { error: 'commands are sent with POST' } };
  const command = commandOf(request);
  const handler = Object.hasOwn(options.handlers, command) ? options.handlers[command] : undefined;
  if (!handler) {
    return {
      status: 404,
      json: { error: `the running agent knows no command "${command}": is it an older one?` },
    };
  }
  const text = await readBody(request);
  if (text === undefined) return { status: 413, json: { error: 'a command may hold at most 1 MB' } };
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    return { status: 400, json: { error: `the command is not JSON: ${messageOf(error)}` } };
  }
  return { status: 200, json: await handler(body) };
}

function commandOf(request: IncomingMessage): string {
  return (request.url ?? '').slice(1);
}

/** The body as text; undefined when it is over 1 MB. It is read to its end, else the answer would be lost. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, json: unknown): void {
  if (response.destroyed || response.writableEnded) return;
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(JSON.stringify(json ?? null));
}
