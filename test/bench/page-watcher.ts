import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { testToken } from '../support/agent.ts';

/** What a watched page has cost so far. */
export interface PageCost {
  /** CPU of the processes that run pages, and of all of Chromium, in seconds. */
  readonly rendererSeconds: number;
  readonly wholeSeconds: number;
  /** What is left of the page's heap after a collection. */
  readonly heapMb: number;
}

interface ProcessInfo {
  readonly type: string;
  /** Seconds, of threads that have ended too. */
  readonly cpuTime: number;
}

/** Debian's Chromium with one page of the agent in it, so that what its processes use is that page's. */
export class PageWatcher {
  readonly #browser: Browser;
  readonly #url: string;
  #session: CDPSession | undefined;

  private constructor(browser: Browser, url: string) {
    this.#browser = browser;
    this.#url = url;
  }

  static async start(url: string): Promise<PageWatcher> {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
    return new PageWatcher(browser, url);
  }

  /** A page of a visitor who comes for the first time, logged in; without the Content-Security-Policy when bare. */
  async open(path: string, { isBare = false } = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      ...{ baseURL: this.#url, viewport: { width: 1280, height: 900 }, bypassCSP: isBare },
    });
    const answer = await context.request.post('/api/session', { data: { token: testToken } });
    if (answer.status() !== 200) throw new Error(await answer.text());
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    await page.goto(path);
    return page;
  }

  /** Opens the page that is watched from now on. */
  async watch(path: string, options: { readonly isBare?: boolean } = {}): Promise<Page> {
    const page = await this.open(path, options);
    const context: BrowserContext = page.context();
    this.#session = await context.newCDPSession(page);
    return page;
  }

  async cost(): Promise<PageCost> {
    const browser = await this.#browser.newBrowserCDPSession();
    const { processInfo } = (await browser.send('SystemInfo.getProcessInfo')) as {
      readonly processInfo: readonly ProcessInfo[];
    };
    await browser.detach();
    const secondsOf = (processes: readonly ProcessInfo[]) =>
      processes.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    const session = this.#session!;
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return {
      rendererSeconds: secondsOf(processInfo.filter(({ type }) => type === 'renderer')),
      wholeSeconds: secondsOf(processInfo),
      heapMb: usedSize / 1e6,
    };
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
