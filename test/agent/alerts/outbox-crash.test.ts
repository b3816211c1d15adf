import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../../workers/store/store.ts';
import { startHttpReceiver } from '../../support/http-receiver.ts';
import { untilTrue } from '../../support/servers.ts';
import { settings } from '../../workers/store/fixture.ts';
import { alertOf, notificationOf } from './notifiers/notifications.ts';

const kills = 6;
const each = 10;

test('an agent that is killed while it delivers loses nothing and repeats at most one, with its id', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-outbox-'));
  const path = join(folder, 'store.db');
  const receiver = await startHttpReceiver();
  context.after(async () => {
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ids = Array.from({ length: kills * each + 5 }, (_, i) => `n${i}`);
  const store = openStore(path, settings);
  const notifications = ids.map((id, i) =>
    notificationOf([alertOf(`a${i}`)], { id, groupKey: `group-${i % 3}`, createdMs: Date.now() }),
  );
  const nothing = { alerts: [], forgottenAlerts: [], groups: [], forgottenGroups: [], recordings: [] };
  store.alerts({ do: 'commit', changes: { timeMs: Date.now(), ...nothing, notifications } });
  store.close();

  const taken: string[] = [];
  for (let kill = 0; kill <= kills; kill++) {
    const script = new URL('./children/deliver.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--import', 'tsx', script, path, receiver.url], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const gone = once(child, 'exit');
    context.after(() => child.kill('SIGKILL'));
    const fatal = receiver.requests.length + each;
    receiver.answer = (response, request) => {
      taken.push(String(request.headers['x-nova-notification-id']));
      const isFatal = kill < kills && receiver.requests.length === fatal;
      // In turn before the answer is there, with it, and a little after it.
      if (isFatal && kill % 3 === 0) child.kill('SIGKILL');
      response.end();
      if (isFatal && kill % 3 === 1) child.kill('SIGKILL');
      if (isFatal && kill % 3 === 2) setTimeout(() => child.kill('SIGKILL'), kill);
    };
    if (kill === kills) {
      await untilTrue(() => assert.equal(new Set(taken).size, ids.length));
      child.kill('SIGKILL');
    }
    await gone;
  }

  assert.deepEqual([...new Set(taken)].sort(), [...ids].sort());
  const repeats = taken.length - ids.length;
  assert.ok(repeats <= kills, `${repeats} repeats after ${kills} kills`);
  const firsts = [...new Set(taken)];
  for (const group of [0, 1, 2]) {
    const numbers = firsts.map((id) => Number(id.slice(1))).filter((number) => number % 3 === group);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
  }
  context.diagnostic(`${repeats} repeats after ${kills} kills`);
});
