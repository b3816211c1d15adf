import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { costOf } from '../../support/browser.ts';
import { untilTrue } from '../../support/servers.ts';
import { note } from '../../support/watchdog.ts';
import { adminToken, DashboardStage } from './stage.ts';

/** What time the page shows, and how it lives through a restart of the agent. */
let stage: DashboardStage;
let page: Page;

before(async () => {
  stage = await DashboardStage.start({ rate: 1 });
  await stage.visit('/api/contacts/1', 200, { times: 20 });
  page = await stage.browser.open('/#/overview?range=5m', { token: adminToken });
});

after(() => stage?.end());

function chart(title: string): Locator {
  return page.getByRole('group', { name: title, exact: true });
}

/** Milliseconds since 1970 of the address. */
function shownRange(url: string): { fromMs: number; toMs: number } {
  const query = new URLSearchParams(url.split('?')[1]);
  return { fromMs: Date.parse(query.get('from')!), toMs: Date.parse(query.get('to')!) };
}

test('dragging over a chart zooms all of them, and the back button returns', async () => {
  const plot = chart('CPU').locator('.u-over');
  await plot.waitFor();
  await plot.scrollIntoViewIfNeeded();
  const box = (await plot.boundingBox())!;
  const nowMs = Date.now();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 42, { steps: 3 });
  await page.mouse.move(box.x + box.width * 0.75, box.y + 42, { steps: 3 });
  await page.mouse.up();
  await page.waitForURL(/from=/);
  const { fromMs, toMs } = shownRange(page.url());
  const wholeMs = 5 * 60_000;
  // A step of the chart, and the time that the drag took, lie between.
  assert.ok(Math.abs(fromMs - (nowMs - wholeMs * 0.5)) < 20_000, page.url());
  assert.ok(Math.abs(toMs - (nowMs - wholeMs * 0.25)) < 20_000, page.url());
  await page.getByRole('link', { name: 'The past' }).waitFor();
  await page.goBack();
  await page.waitForURL(/range=5m/);
  await page.goForward();
  await page.waitForURL(/from=/);
  stage.browser.check();
});

test('a link shows the same view, range, filter and comparison in another window', async () => {
  const zoomed = shownRange(page.url());
  await page.getByRole('link', { name: 'Routes', exact: true }).click();
  await page.getByRole('searchbox', { name: 'Filter routes' }).fill('contacts');
  await page.getByLabel('Earlier time shown beside it').selectOption('1d');
  await page.waitForURL(/compare=1d/);
  assert.deepEqual(shownRange(page.url()), zoomed);
  const range = await page.getByRole('button', { name: /^Time range/ }).getAttribute('aria-label');

  const storageState = await page.context().storageState();
  const again = await stage.browser.open(page.url(), { storageState });
  await again.getByRole('heading', { level: 1, name: 'Routes' }).waitFor();
  await again.getByRole('button', { name: range!, exact: true }).waitFor();
  assert.equal(await again.getByRole('searchbox', { name: 'Filter routes' }).inputValue(), 'contacts');
  assert.equal(await again.getByLabel('Earlier time shown beside it').inputValue(), '1d');
  assert.equal(again.url(), page.url());
  await again.context().close();
  stage.browser.check();
});

test('beside the day before, charts ask for that time too', async () => {
  const asked: number[] = [];
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === '/api/v1/query_range' && searchParams.get('query')?.includes('system_cpu_usage_percent'))
      asked.push(Number(searchParams.get('start')) * 1000);
  });
  await page.goto('/#/overview?range=15m&compare=1d');
  await untilTrue(() => {
    const ages = asked.map((startMs) => Math.round((Date.now() - startMs) / 60_000));
    assert.ok(ages.includes(15) && ages.includes(24 * 60 + 15), ages.join());
  });
  stage.browser.check();
});

test('an agent killed under the open page is said to be gone, and the chart goes on without a hole', async () => {
  await page.goto('/#/overview?range=5m');
  const live = page.getByRole('status').filter({ hasText: /^Live$/ });
  await live.waitFor();
  await untilTrue(async () => assert.match((await spoken(Date.now()))[0]!, /all cores [\d.]+ %/));
  const goneMs = Date.now();
  await stage.agent.stop('SIGKILL');
  await page.getByText('Agent not reached').waitFor();
  await stage.startAgent();
  const backMs = Date.now();
  await live.waitFor();
  await untilTrue(async () => {
    const places = await spoken(goneMs);
    assert.ok(places[0]! > clock(backMs), `nothing since ${clock(backMs)}: ${places[0]}`);
    // The newest steps may not be over yet.
    const unknown = places.slice(2).filter((words) => !/all cores [\d.]+ %/.test(words));
    assert.deepEqual(unknown, []);
  });
  assert.equal(await page.getByLabel('Token').count(), 0);
  // That the agent is away is in the console, and nothing else.
  const others = stage.browser.problems.splice(0).filter((line) => !/net::ERR_|status of 503/.test(line));
  assert.deepEqual(others, []);
});

/**
 * What the cursor of the CPU chart tells a screen reader from its newest place back to that time: `14:03:22: host, all
 * cores 12 %, …`.
 */
async function spoken(sinceMs: number): Promise<string[]> {
  const words: string[] = [];
  for (let key = 'End'; words.length < 100; key = 'ArrowLeft') {
    await chart('CPU').press(key);
    const said = page.locator('.for-readers[aria-live=polite]');
    words.push((await said.textContent())!.replaceAll('\u00A0', ' '));
    if (words.at(-1)! < clock(sinceMs)) break;
  }
  return words;
}

function clock(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString('en-GB');
}

test('the first paint comes soon', async (t) => {
  await page.context().close();
  page = await stage.browser.open('/#/overview?range=5m', { token: adminToken });
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  const paintMs = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN`,
  );
  t.diagnostic(`first paint after ${paintMs.toFixed(0)} ms`);
  assert.ok(paintMs < 10_000, `${paintMs} ms`);
});

test('the heap of the page stays while ticks come', async (t) => {
  const [beginMs, endMs] = process.env.NOVA_FAULTS === 'full' ? [60_000, 3_600_000] : [10_000, 25_000];
  await watch(beginMs);
  const early = await costOf(page);
  await watch(endMs - beginMs);
  const late = await costOf(page);
  const percent = (late.busySeconds - early.busySeconds) / ((endMs - beginMs) / 100_000);
  t.diagnostic(
    `heap ${shownMb(early.heapBytes)} after ${beginMs / 1000} s, ${shownMb(late.heapBytes)} after ${endMs / 1000} s`,
  );
  t.diagnostic(`main thread of the page busy ${percent.toFixed(1)} % of a core, ticks of 500 ms`);
  assert.ok(late.heapBytes < early.heapBytes * 1.5 + 4e6, `${early.heapBytes} became ${late.heapBytes}`);
  stage.browser.check();
});

/** Lets ticks come for a while. */
async function watch(forMs: number): Promise<void> {
  for (let leftMs = forMs; leftMs > 0; leftMs -= 30_000) {
    note('watching the page');
    await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, 30_000)));
  }
}

function shownMb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
