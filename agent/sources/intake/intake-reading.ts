import { layoutText, type PointKey } from '../../../workers/point/point.ts';
import { countLayout, countValues, type IntakeCounts } from './event-ledger.ts';
import type { Member } from './instances.ts';

const countPoints = JSON.parse(countLayout) as PointKey[];

/** What the intake reads: its counts, and how many instances of each version of each service are connected. */
export class IntakeReading {
  #key = '';
  #layout = countLayout;

  take(counts: IntakeCounts, members: Iterable<Member>): { layout: string; values: Float64Array } {
    const instances = new Map<string, { readonly tags: Record<string, string>; count: number }>();
    for (const { line, process, hello } of members) {
      const { appVersion: version } = hello;
      if (!line || !version) continue;
      const key = `${process}\0${version}`;
      const one = instances.get(key);
      if (one) one.count++;
      else instances.set(key, { tags: { process, version }, count: 1 });
    }
    const key = [...instances.keys()].join('\0\0');
    if (key !== this.#key) {
      const points = [...instances.values()].map(({ tags }) => {
        return { measurement: 'service', tags, fields: ['instances'] };
      });
      this.#layout = layoutText([...countPoints, ...points]);
      this.#key = key;
    }
    const counted = [...instances.values()].map(({ count }) => count);
    return { layout: this.#layout, values: Float64Array.of(...countValues(counts), ...counted) };
  }
}
