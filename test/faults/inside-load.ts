import { Agent, get } from 'node:http';

/** What a client saw of a service over a stretch of time. */
export interface Seen {
  /** Requests that were answered as they should be. */
  readonly right: number;
  /** What came of the others. */
  readonly wrong: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A client that asks a service steadily, over connections that stay open. */
export interface Load {
  /** Asks no more, waits for the answers that are due, and says what it saw. */
  end(): Promise<Seen>;
}

/** So many requests a second for `/twice/N`. */
export function startLoad(url: string, perSecond: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const tookMs: number[] = [];
  const wrong: string[] = [];
  const due = new Set<Promise<void>>();
  let asked = 0;
  const timer = setInterval(() => {
    const asking = askTwice(url, ++asked, agent).then(
      (ms) => void tookMs.push(ms),
      (error) => void wrong.push(String(error)),
    );
    due.add(asking);
    void asking.then(() => due.delete(asking));
  }, 1000 / perSecond);
  // A test that fails before its end must not wait for this.
  timer.unref();
  return {
    end: async () => {
      clearInterval(timer);
      await Promise.all(due);
      agent.destroy();
      const sorted = tookMs.sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
      return { right: sorted.length, wrong, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  };
}

/** Asks `/twice/N` so many times, a few at once; rejects at the first wrong answer. */
export async function askTimes(url: string, times: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 6 });
  await Promise.all(Array.from({ length: times }, (_, i) => askTwice(url, i, agent)));
  agent.destroy();
}

function askTwice(url: string, number: number, agent: Agent): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    get(`${url}/twice/${number}`, { agent }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      answer.once('error', reject);
      answer.once('end', () => {
        if (body === JSON.stringify({ twice: 2 * number })) resolve(performance.now() - startMs);
        else reject(new Error(`${answer.statusCode} ${body}`));
      });
    }).once('error', reject);
  });
}
