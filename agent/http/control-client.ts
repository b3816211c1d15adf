import { request } from 'node:http';
import { AgentError, messageOf } from '../errors.ts';
import { controlPlace } from './control-place.ts';

/** A little longer than the agent gives a command, so that its own answer comes first. */
const answerTimeoutMs = 35_000;

/**
 * Sends a command to the agent that runs on `dataDir` and gives its answer.
 *
 * Throws AgentError CONTROL_FAILED with the agent's own words when it refuses; `retryable` is true only when no agent
 * listens there, so that a command can do its work itself.
 */
export async function callControl(
  dataDir: string,
  command: string,
  body?: unknown,
  timeoutMs = answerTimeoutMs,
): Promise<unknown> {
  try {
    const { path } = await controlPlace(dataDir);
    const { status, text } = await post(path, command, body, timeoutMs);
    const json = JSON.parse(text) as unknown;
    if (status === 200) return json;
    throw new AgentError('CONTROL_FAILED', (json as { error: string }).error);
  } catch (error) {
    throw error instanceof AgentError ? error : unreachable(error as NodeJS.ErrnoException, dataDir);
  }
}

function post(socketPath: string, command: string, body: unknown, timeoutMs: number) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request(
      { socketPath, path: `/${command}`, method: 'POST', agent: false, signal },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function unreachable(cause: NodeJS.ErrnoException, dataDir: string): AgentError {
  const whys: Readonly<Record<string, string>> = {
    ENOENT: `no agent runs on ${dataDir}; start it with nova-agent run, or name its folder with --data-dir`,
    ECONNREFUSED: `no agent runs on ${dataDir}: the last one was killed; start it with nova-agent run`,
    EACCES: `the agent on ${dataDir} is another user's: run this as that user`,
    ECONNRESET: `the agent on ${dataDir} ended before it answered`,
    ABORT_ERR: `the agent on ${dataDir} does not answer`,
  };
  const why = whys[cause.code ?? ''] ?? `the agent on ${dataDir} cannot be reached: ${messageOf(cause)}`;
  const retryable = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
  return new AgentError('CONTROL_FAILED', why, { cause, retryable });
}
