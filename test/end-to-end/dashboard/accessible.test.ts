import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Queue } from 'bullmq';
import type { Page } from 'playwright-core';
import { seriousFaults } from '../../support/browser.ts';
import { type TestServer, untilTrue } from '../../support/servers.ts';
import '../../support/watchdog.ts';
import { adminToken, DashboardStage, viewNames } from './stage.ts';

/** The page for everybody: by axe, in both colours, on a phone, and with names made to break it. */
let stage: DashboardStage;

const rules = `
groups:
  - name: test
    rules:
      - alert: nightly-waits
        expr: queue_waiting > 20
        labels: { severity: critical }
        annotations: { summary: "{{ $value }} jobs of {{ $labels.queue }} wait" }
      - alert: odd
        expr: odd_value > 0
        labels: { severity: warning }
        annotations: { summary: "{{ $labels.name }} is odd" }
`;
const widths = [1280, 390] as const;
/** The sections of each view that a link in its table opens. */
const withDetail = ['Routes', 'Queries', 'Queues', 'Errors', 'Alerts', 'Rules'];

const script = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script><svg onload=window.hit=1>`;
const rightToLeft = '\u202Etxet sdrawkcab\u2066 \u05D0\u05D1\u05D2 \u200F';
const long = 'W'.repeat(10_000);
const oddNames = [
  script,
  rightToLeft,
  long,
  `${'word '.repeat(2000)}`,
  '{{constructor}}',
  '../../etc/passwd',
];

before(async () => {
  stage = await DashboardStage.start({ rules, rate: 1, first: fillQueues });
  for (const user of [1, 2, 3]) await stage.visit('/api/contacts/1', 200, { times: 3, user });
  await stage.visit('/api/demo/faults/missing-owner/1', 500, { times: 2, user: 2 });
  await stage.visit('/api/search?q=an', 200, { times: 2, user: 3 });
  await untilTrue(async () => assert.ok((await stage.get<unknown[]>('errors')).length > 0));
  await untilTrue(async () => assert.ok((await stage.get<unknown[]>('alerts')).length > 0));
});

after(() => stage?.end());

/** Nobody works on them. */
async function fillQueues({ url }: TestServer): Promise<void> {
  for (const name of ['nightly', ...oddNames.map((one) => one.replaceAll(':', ''))]) {
    const queue = new Queue(name, { connection: { url } });
    await queue.addBulk(
      Array.from({ length: name === 'nightly' ? 25 : 2 }, () => ({ name: 'copy', data: {} })),
    );
    await queue.close();
  }
}

/** Opens a view by its address and waits for what it is about. */
async function show(page: Page, view: string, detail = ''): Promise<void> {
  await page.goto(`/#/${view.toLowerCase()}?range=15m${detail}`);
  await page.getByRole('heading', { level: 1, name: view }).waitFor();
  await page.locator('.main .stat-value, .main td, .main .alert-card').first().waitFor();
  await settle(page);
}

/** Until nothing is being asked for. */
async function settle(page: Page): Promise<void> {
  await page.locator('.main .loading').first().waitFor({ state: 'detached' });
  await page.locator('.main [aria-busy=true]').first().waitFor({ state: 'detached' });
}

for (const width of widths) {
  test(`axe finds nothing serious in any view at ${width} px, light and dark`, async () => {
    const page = await stage.browser.open('/', {
      token: adminToken,
      viewport: { width, height: 900 },
      colorScheme: 'light',
    });
    const faults: string[] = [];
    const look = async (what: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        // Colours alone are different.
        const found = await seriousFaults(page, colorScheme === 'dark' ? ['color-contrast'] : undefined);
        faults.push(...found.map((fault) => `${what}, ${colorScheme}: ${fault}`));
      }
    };
    for (const view of viewNames) {
      await show(page, view);
      await look(view);
      if (!withDetail.includes(view)) continue;
      await page.locator('.main td a, .main .alert-card h3 a').first().click();
      await page.locator('.main .opened').waitFor();
      await settle(page);
      await look(`${view}, one opened`);
    }
    await page.context().close();
    assert.deepEqual(faults, []);
    stage.browser.check();
  });
}

test('names made of script, right-to-left marks and 10 KB are text, and do not burst the page', async () => {
  const { monitor } = await import('../../../agent/instrument/instrument.ts');
  for (const [at, name] of oddNames.entries()) {
    const timestamp = new Date();
    const [statusCode, responseTime, userId] = [500, 10 + at, name];
    monitor.trackAPIRequest({
      timestamp,
      endpoint: name,
      method: 'GET',
      statusCode,
      responseTime,
      userId,
      error: name,
    });
    monitor.trackDatabaseQuery({ timestamp, query: name, duration: 12, model: name, operation: name });
    monitor.trackSocketEvent({ timestamp, event: name, connections: 1, duration: 1 });
    monitor.trackError(Object.assign(new Error(name), { name }), {
      route: name,
      method: 'GET',
      userId: name,
    });
  }
  const lines = oddNames
    .slice(0, 5)
    .map((name) => `odd,name=${name.trim().replace(/[ ,=]/g, '\\$&')} value=1`);
  const written = await fetch(`${stage.agent.url}/write?precision=ms`, {
    method: 'POST',
    headers: { authorization: `Token ${adminToken}` },
    body: lines.join('\n'),
  });
  const answer = await written.text();
  await untilTrue(async () => {
    const routes = await stage.get<{ endpoint: string }[]>('routes?window=15m');
    assert.ok(
      routes.some(({ endpoint }) => endpoint.includes('<img')),
      JSON.stringify(routes),
    );
    const alerts = await stage.get<{ type: string }[]>('alerts');
    assert.ok(
      alerts.some(({ type }) => type === 'odd'),
      answer,
    );
  });
  for (const width of widths) {
    const page = await stage.browser.open('/', { token: adminToken, viewport: { width, height: 900 } });
    for (const view of viewNames) {
      await show(page, view);
      await staysInside(page, `${view} at ${width} px`);
      const links = page
        .locator('.main td a, .main .alert-card h3 a')
        .filter({ hasText: /onerror|W{40}|\u05D0/ });
      const count = await links.count();
      if (withDetail.slice(0, 5).includes(view)) assert.ok(count > 0, `${view} shows none of the names`);
      for (let at = 0; at < count; at++) {
        await links.nth(at).click();
        await page.locator('.main .opened').waitFor();
        await settle(page);
        await staysInside(page, `${view}, one opened`);
      }
    }
    await page.context().close();
  }
  stage.browser.check();
});

/** Nothing of the names ran or became an element, and the body does not scroll sideways. */
async function staysInside(page: Page, where: string): Promise<void> {
  const found = await page.evaluate<{ hit: boolean; made: number; over: number; away: string[] }>(`(() => {
    scrollTo(1000, scrollY);
    const over = scrollX;
    scrollTo(0, scrollY);
    const wide = over > 0 ? [...document.querySelectorAll('body *:not(.nav *)')] : [];
    return {
      hit: 'hit' in window,
      made: document.querySelectorAll('img, iframe, object, body script, [onload], [onerror]').length,
      over,
      away: wide.filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth).slice(0, 8)
        .map((one) => one.outerHTML.slice(0, 200)),
    };
  })()`);
  assert.deepEqual(found, { hit: false, made: 0, over: 0, away: [] }, where);
}
