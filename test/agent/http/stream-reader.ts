import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { TestContext } from 'node:test';
import { untilTrue } from '../../support/servers.ts';

export interface StreamEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** A client of the live stream. */
export interface StreamReader {
  readonly response: IncomingMessage;
  readonly events: readonly StreamEvent[];
  /** Everything that came, as text. */
  text(): string;
  isEnded(): boolean;
  of(event: string): readonly StreamEvent[];
  /** Waits until so many of a kind came. */
  until(event: string, count: number): Promise<readonly StreamEvent[]>;
  leave(): void;
}

interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** Opens the stream; resolves with the headers. The client ends with the test. */
export async function openStream(
  t: TestContext,
  url: string,
  token: string | undefined,
  { headers = {}, path = '/api/monitoring/stream' }: StreamOptions = {},
): Promise<StreamReader> {
  const call: ClientRequest = request(url + path, {
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    agent: false,
  });
  t.after(() => call.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve).once('error', reject).end();
  });
  call.on('error', () => {});
  let text = '';
  let rest = '';
  let isEnded = false;
  const events: StreamEvent[] = [];
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    text += part;
    const blocks = (rest + part).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) if (block.includes('event: ')) events.push(eventOf(block));
  });
  response.on('close', () => {
    isEnded = true;
  });
  response.on('error', () => {});
  const of = (event: string) => events.filter((one) => one.event === event);
  return {
    response,
    events,
    text: () => text,
    isEnded: () => isEnded,
    of,
    until: async (event, count) => {
      await untilTrue(() => {
        const { length } = of(event);
        if (length < count) throw new Error(`${length} of ${count} events ${event}: ${text.slice(-2000)}`);
      });
      return of(event);
    },
    leave: () => call.destroy(),
  };
}

function eventOf(block: string): StreamEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  return { event: field('event')!, id: field('id'), data: JSON.parse(field('data')!) };
}
