import type { LabelSet, Silence } from '../contract/alerts.ts';
import { type LabelsTest, labelsTest } from './matchers.ts';

/** The silences there are, their matchers made ready. */
export class Silencer {
  #list: readonly Silence[] = [];
  #text = '[]';
  #tests: { readonly silence: Silence; readonly fits: LabelsTest }[] = [];
  /** Grows with each change of the list: what was found before is then out of date. */
  version = 0;

  /** Takes the list as it is now; a silence whose matchers cannot be read fits nothing. */
  update(list: readonly Silence[]): void {
    if (list === this.#list) return;
    this.#list = list;
    const text = JSON.stringify(list);
    if (text === this.#text) return;
    this.#text = text;
    this.version++;
    this.#tests = list.map((silence) => ({ silence, fits: testOf(silence) }));
  }

  /** Silences of any time that fit the labels. */
  fitting(labels: LabelSet): readonly Silence[] {
    return this.#tests.filter(({ fits }) => fits(labels)).map(({ silence }) => silence);
  }
}

function testOf({ matchers }: Silence): LabelsTest {
  try {
    return labelsTest(matchers);
  } catch {
    return () => false;
  }
}

export function isSilencing({ startsAtMs, endsAtMs }: Silence, timeMs: number): boolean {
  return startsAtMs <= timeMs && timeMs < endsAtMs;
}
