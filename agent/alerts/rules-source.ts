import type { Source } from '../sources/source.ts';
import type { AlertKeeper } from './alert-keeper.ts';

/** What rules record and how alerts stand, as a source like any other: it comes with the tick after the evaluation. */
export function createRulesSource(keeper: AlertKeeper): Source {
  return {
    name: 'rules',
    read: async () => keeper.takeReading(),
    close: async () => {},
  };
}
