/**
 * Takes the pictures of the README: the page of an agent beside the demo CRM, after some minutes under load.
 *
 *     npm run screenshots [-- --after 6m]
 *
 * Needs `npm run build`, redis-server and Chromium.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { parseDuration } from '../agent/units.ts';

/** Every clone has them. */
const mostBytes = 150 * 1024;
const folder = fileURLToPath(new URL('../agent/http/dashboard/screenshots/', import.meta.url));
/** Before the pictures: faults that make alerts. */
const troubleMs = 210_000;

interface Picture {
  readonly name: string;
  readonly colours: 'light' | 'dark';
  readonly address: string;
  /** Opens something first. */
  readonly open?: (page: Page) => Promise<void>;
}

const pictures: readonly Picture[] = [
  { name: 'overview', colours: 'dark', address: 'overview' },
  { name: 'routes', colours: 'light', address: 'routes', open: (page) => openFirst(page, 'td a') },
  { name: 'queues', colours: 'light', address: 'queues' },
  { name: 'alerts', colours: 'dark', address: 'alerts' },
];

interface Demo {
  readonly child: ChildProcess;
  readonly agentUrl: string;
  readonly crmUrl: string;
  readonly token: string;
}

const { values } = parseArgs({ options: { after: { type: 'string', default: '6m' } } });
const afterMs = parseDuration(values.after);
if (!afterMs) {
  process.stderr.write(`screenshots: --after ${values.after}: expected a duration, such as 6m\n`);
  process.exit(2);
}

await mkdir(folder, { recursive: true });
const demo = await startDemo();
let browser: Browser | undefined;
try {
  await sleep(Math.max(0, afterMs - troubleMs));
  await makeTrouble(demo, Math.min(afterMs, troubleMs));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  for (const picture of pictures) await take(browser, demo, picture);
} finally {
  await browser?.close();
  demo.child.kill('SIGTERM');
  if (demo.child.exitCode === null) await once(demo.child, 'exit');
}

async function take(browser: Browser, { agentUrl, token }: Demo, picture: Picture): Promise<void> {
  const { name, colours, address, open } = picture;
  const context = await browser.newContext({
    baseURL: agentUrl,
    colorScheme: colours,
    viewport: { width: 1280, height: 860 },
  });
  await context.request.post('/api/session', { data: { token } });
  const page = await context.newPage();
  await page.goto(`/#/${address}?range=5m`);
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await settle(page);
  await open?.(page);
  await settle(page);
  const path = join(folder, `${name}-${colours}.png`);
  await page.screenshot({ path });
  await context.close();
  const { size } = await stat(path);
  process.stdout.write(`${path} ${(size / 1024).toFixed(0)} KB\n`);
  if (size > mostBytes) throw new Error(`${path} is larger than ${mostBytes / 1024} KB`);
}

async function openFirst(page: Page, selector: string): Promise<void> {
  await page.locator(`.main ${selector}`).first().click();
  await page.locator('.main .opened').waitFor();
}

/** Until nothing is being asked for, and what came is drawn. */
async function settle(page: Page): Promise<void> {
  await page.locator('.main [aria-busy=true]').first().waitFor({ state: 'detached' });
  await sleep(2500);
}

/** Errors of every kind all the time, and more mails than its workers can send. */
async function makeTrouble({ crmUrl }: Demo, forMs: number): Promise<void> {
  const headers = { authorization: 'Bearer user-7' };
  const ask = (path: string) => fetch(`${crmUrl}/api/demo/${path}`, { method: 'POST', headers });
  for (let leftMs = forMs; leftMs > 0; leftMs -= 5000) {
    await ask('error-burst?count=20');
    if (leftMs % 30_000 < 5000) await ask('job-burst?count=3000');
    await sleep(5000);
  }
}

/** The demo as users start it; what it prints says where everything is. */
async function startDemo(): Promise<Demo> {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo.ts'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGTERM'));
  let said = '';
  child.stdout.on('data', (data) => {
    said += data;
  });
  while (child.exitCode === null) {
    const agentUrl = /^Agent\s+(http\S+)/m.exec(said)?.[1];
    const crmUrl = /^CRM\s+(http\S+)/m.exec(said)?.[1];
    const tokenFile = /\$\(cat (\S+?)\)/.exec(said)?.[1];
    if (agentUrl && crmUrl && tokenFile)
      return { child, agentUrl, crmUrl, token: (await readFile(tokenFile, 'utf8')).trim() };
    await sleep(200);
  }
  throw new Error('the demo ended before it was up');
}
