import assert from 'node:assert/strict';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** What a page is opened with. */
export interface PageOptions extends BrowserContextOptions {
  /** Logs in with it first. */
  readonly token?: string;
  /** Lines of the console that belong to what is tested, such as a refused login. */
  readonly expected?: RegExp;
}

/**
 * Debian's Chromium. Everything that a page of it should never do is kept: errors in its console, exceptions, refusals of
 * the Content-Security-Policy, requests to anywhere else.
 */
export class TestBrowser {
  readonly problems: string[] = [];
  readonly #browser: Browser;
  readonly #url: string;

  private constructor(browser: Browser, url: string) {
    this.#browser = browser;
    this.#url = url;
  }

  /** `url` is the only origin that its pages may ask. */
  static async start(url: string): Promise<TestBrowser> {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
    return new TestBrowser(browser, url);
  }

  /** A page in a context of its own: no cookies or storage but those of `options`. */
  async open(path: string, { token, expected, ...options }: PageOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      baseURL: this.#url,
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    context.setDefaultTimeout(30_000);
    if (token !== undefined) {
      const answer = await context.request.post('/api/session', { data: { token } });
      assert.equal(answer.status(), 200, await answer.text());
    }
    const page = await context.newPage();
    this.#watch(page, expected);
    await page.goto(path);
    return page;
  }

  /** Fails with what pages did wrong so far, and forgets it. */
  check(): void {
    assert.deepEqual(this.problems.splice(0), []);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  #watch(page: Page, expected: RegExp | undefined): void {
    const keep = (what: string) => {
      if (!expected?.test(what)) this.problems.push(what.slice(0, 1000));
    };
    page.on('console', (message) => {
      if (message.type() === 'error') keep(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => keep(`exception: ${error.stack ?? error.message}`));
    page.on('dialog', (dialog) => {
      keep(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('popup', (popup) => keep(`popup: ${popup.url()}`));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== 'data:' && origin !== this.#url) keep(`request: ${request.url()}`);
    });
  }
}

/** What is read of a table; the types of the browser are not those of this project. */
interface TableElement {
  readonly rows: Iterable<{ readonly cells: Iterable<{ readonly textContent: string }> }>;
}

/** The rows of the table with that caption, as they stand: texts by the titles of its columns. */
export async function rowsOf(page: Page, caption: string | RegExp): Promise<Record<string, string>[]> {
  const table = page.getByRole('table', { name: caption });
  return table.evaluate((element: TableElement) => {
    const [head, ...rows] = [...element.rows].map(({ cells }) =>
      [...cells].map((cell) => cell.textContent.trim()),
    );
    return rows.map((cells) => Object.fromEntries(cells.map((text, at) => [head![at]!, text])));
  });
}

/** The number of the card with that label, as it stands. */
export async function statOf(page: Page, label: string, within = '.main'): Promise<string> {
  const stat = page.locator(`${within} .stat`, { has: page.getByText(label, { exact: true }) }).first();
  return ((await stat.locator('.stat-value').textContent()) ?? '').trim();
}

/** Presses Tab until that element has the focus: what cannot be reached by keyboard fails. */
export async function tabTo(
  page: Page,
  role: 'link' | 'button' | 'textbox',
  name: string | RegExp,
  key: 'Tab' | 'Shift+Tab' = 'Tab',
): Promise<void> {
  const wanted = page.getByRole(role, { name }).first();
  await wanted.waitFor();
  for (let presses = 0; presses < 150; presses++) {
    if ((await wanted.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} does not reach the ${role} ${name}`);
}

/** What axe finds that keeps people out: serious and critical, each with where it is. */
export async function seriousFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe.source);
  const options = {
    resultTypes: ['violations'],
    ...(rules && { runOnly: { type: 'rule', values: rules } }),
  };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}

/** Of one page: what is left on its heap once collected, bytes; how long its main thread worked so far, seconds. */
export async function costOf(page: Page): Promise<{ heapBytes: number; busySeconds: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const value = (name: string) => metrics.find((metric) => metric.name === name)!.value;
  return { heapBytes: value('JSHeapUsedSize'), busySeconds: value('TaskDuration') };
}
