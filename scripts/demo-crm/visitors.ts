/**
 * Visitors of the demo CRM: some 50 users who come, browse, chat and leave. A process of its own, so that what it costs
 * is not the CRM's.
 *
 *     node --import tsx scripts/demo-crm/visitors.ts --url http://127.0.0.1:3000 [--rate 20] [--seed 1]
 *
 * `rate` is requests a second; the same seed makes the same requests in the same order. SIGTERM and SIGINT end it.
 */
import { parseArgs } from 'node:util';
import { seededRandom } from './random.ts';
import { seeded } from './seed.ts';
import { Visitor } from './visitor.ts';

/** How many of them are there at a time. */
const present = 30;
/** Requests between one visitor's leaving and the next one's. */
const leaveEvery = 40;
/** Requests under way at most: who waits does not click on. */
const mostUnderWay = 40;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    rate: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const rate = Number(values.rate);
const { url } = values;
if (url === undefined || !(rate >= 0)) {
  process.stderr.write('visitors: --url http://HOST:PORT is needed, and --rate is a number\n');
  process.exit(2);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));

const random = seededRandom(Number(values.seed));
const visitors = Array.from({ length: seeded.users }, (_, i) => new Visitor(i + 1, url, random));
let underWay = 0;
let nextMs = performance.now();

for (let step = 0; ; step++) {
  nextMs += rate > 0 ? 1000 / rate : Number.POSITIVE_INFINITY;
  await until(nextMs);
  const here = visitors.filter(({ isHere }) => isHere);
  const away = visitors.filter(({ isHere }) => !isHere);
  if (step % leaveEvery === leaveEvery - 1) oneOf(here).leave();
  else if (here.length < present) visit(oneOf(away).come());
  else if (underWay < mostUnderWay) visit(oneOf(here).act());
}

/** A CRM that is gone, or does not answer, gets the next request all the same. */
function visit(under: Promise<void>): void {
  underWay++;
  under.catch(() => {}).finally(() => underWay--);
}

function oneOf(some: readonly Visitor[]): Visitor {
  return some[Math.floor(random() * some.length)]!;
}

/** Waits until then; there is no catching up after a pause of the machine. */
async function until(timeMs: number): Promise<void> {
  const leftMs = timeMs - performance.now();
  if (leftMs < -1000) nextMs = performance.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, 2 ** 31 - 1)));
}
