import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Queue } from 'bullmq';
import type { Page } from 'playwright-core';
import type { ShownAlert, ShownSilence } from '../../../agent/alert-shape.ts';
import { runAgent } from '../../support/agent.ts';
import { tabTo } from '../../support/browser.ts';
import { type TestServer, untilTrue } from '../../support/servers.ts';
import '../../support/watchdog.ts';
import { adminToken, DashboardStage, viewerToken } from './stage.ts';

/** Who may come in, and what can be said to an alert, all by keyboard. */
let stage: DashboardStage;
let page: Page;

const rules = `
groups:
  - name: test
    rules:
      - alert: nightly-waits
        expr: queue_waiting{queue="nightly"} > 20
        labels: { severity: warning }
        annotations: { summary: "{{ $value }} jobs of {{ $labels.queue }} wait" }
`;
const message = '25 jobs of nightly wait';

before(async () => {
  stage = await DashboardStage.start({ rules, first: fillQueue });
});

after(() => stage?.end());

/** Nobody works on it. */
async function fillQueue({ url }: TestServer): Promise<void> {
  const queue = new Queue('nightly', { connection: { url } });
  await queue.addBulk(Array.from({ length: 25 }, () => ({ name: 'copy', data: {} })));
  await queue.close();
}

async function theAlert(status = 'open'): Promise<ShownAlert> {
  const [alert] = await stage.get<ShownAlert[]>(`alerts?status=${status}`);
  assert.ok(alert, `no ${status} alert`);
  return alert;
}

test('an address of the command login logs in once', async () => {
  const { stdout } = await runAgent(['login', '-c', stage.agent.configFile]);
  const address = stdout.trim();
  const expected = /401/;
  const first = await stage.browser.open(address);
  await first.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  assert.doesNotMatch(first.url(), /code/);
  await first.context().close();
  const second = await stage.browser.open(address, { expected });
  await second.getByRole('alert').filter({ hasText: 'used already' }).waitFor();
  await second.context().close();
  stage.browser.check();
});

test('a wrong token says so, the right one opens the page, and logging out closes it', async () => {
  page = await stage.browser.open('/', { expected: /status of 401/ });
  await page.getByLabel('Token').waitFor();
  await page.keyboard.type('wrong-token-0123456789');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'This token is not known.' }).waitFor();
  await page.keyboard.type(adminToken);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await tabTo(page, 'button', /^Log out/);
  await page.keyboard.press('Enter');
  await page.getByLabel('Token').waitFor();
  await page.reload();
  await page.getByLabel('Token').waitFor();
  await page.context().close();
  stage.browser.check();
});

test('a viewer sees the alert and none of what changes something', async () => {
  const viewer = await stage.browser.open('/#/alerts', { token: viewerToken });
  await viewer.getByRole('link', { name: message }).waitFor();
  await viewer.getByText('who may only read').waitFor();
  const writing = viewer.getByRole('button', { name: /acknowledge|silence/i });
  assert.equal(await writing.count(), 0);
  await viewer.goto('/#/alerts?tab=silences');
  await viewer.getByText('Nothing is silenced.').waitFor();
  assert.equal(await writing.count(), 0);
  await viewer.context().close();
  stage.browser.check();
});

test('an alert tells its cause and is acknowledged by keyboard', async () => {
  page = await stage.browser.open('/#/alerts', { token: adminToken });
  const card = page.getByRole('listitem').filter({ hasText: message });
  await card.getByText('Cause').waitFor();
  const { cause } = await theAlert();
  assert.match(cause!.text, /nothing works on queue nightly|no worker/i);
  await card.getByText(cause!.text).waitFor();
  await tabTo(page, 'button', /^Acknowledge/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Acknowledge' }).waitFor();
  await typeInto(page, 'What is done about it', 'the worker <b>starts</b> at two');
  await tabTo(page, 'button', /^Acknowledge$/);
  await page.keyboard.press('Enter');
  await card.getByText('Seen by').waitFor();
  const { status, acknowledged } = await theAlert();
  assert.equal(status, 'acknowledged');
  assert.equal(acknowledged?.comment, 'the worker <b>starts</b> at two');
  assert.equal(acknowledged?.by, 'boss');
  await card.getByText('the worker <b>starts</b> at two').waitFor();
  stage.browser.check();
});

test('a silence is made and ended by keyboard', async () => {
  await tabTo(page, 'button', /^Silence/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Silence' }).waitFor();
  await typeInto(page, 'Why', 'it is night');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const [silence] = await stage.get<ShownSilence[]>('silences');
  assert.equal(silence?.comment, 'it is night');
  assert.equal(silence.createdBy, 'boss');
  assert.ok(silence.matchers.includes('alertname="nightly-waits"'), silence.matchers.join());
  await untilTrue(async () => assert.equal((await theAlert()).mutedBy?.by, 'silence'));

  await tabTo(page, 'link', /^Silences/);
  await page.keyboard.press('Enter');
  await page.getByRole('cell', { name: 'it is night' }).waitFor();
  await tabTo(page, 'button', /^End the silence/);
  await page.keyboard.press('Enter');
  await page.getByText('The silence has ended').first().waitFor();
  await untilTrue(async () => assert.equal((await theAlert()).mutedBy, null));
  const [ended] = await stage.get<ShownSilence[]>('silences');
  assert.equal(ended?.status, 'expired');
  stage.browser.check();
});

/** Goes there by Tab and types. */
async function typeInto(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, 'textbox', label);
  await page.keyboard.type(text);
}
