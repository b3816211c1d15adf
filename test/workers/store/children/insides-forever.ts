import { openStore } from '../../../../workers/store/store.ts';
import { dayStartMs, filled, nothingElse, settings, twoFieldLayout } from '../fixture.ts';
import { errorGroup, timed } from '../insides.ts';

/**
 * Appends without end, tick `i` with the one duration of `i` µs, the error group counting to `i` and `i` as kept
 * state; does the background work that is due after each, and says what is committed: one line a tick.
 */
const [path = '', first = '1'] = process.argv.slice(2);
let nowMs = dayStartMs;
const store = openStore(path, settings, () => nowMs);
const layout = twoFieldLayout(2);
for (let i = Number(first); ; i++) {
  nowMs = dayStartMs + i * 97_000;
  store.append(nowMs, [filled(layout, i)], nothingElse, {
    ...timed({ tags: { route: `/${i % 3}` }, durationsUs: [i] }),
    errorGroups: [errorGroup({ count: i, lastSeenMs: nowMs })],
    kept: [{ name: 'last', bytes: new Uint8Array(Uint32Array.of(i).buffer) }],
  });
  process.stdout.write(`${i}\n`);
  while (store.compact(nowMs).more);
}
