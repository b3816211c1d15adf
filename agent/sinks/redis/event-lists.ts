import type { ChainableCommander } from 'ioredis';
import { type EventTexts, mostEventTexts } from '../../../workers/contract/events.ts';
import type { RedisTarget } from './options.ts';

/** Elements of one LPUSH: a command of thousands would hold up the other clients of the Redis. */
const elementsPerPush = 500;

/**
 * The newest requests and queries on their way to the Redis lists, at most `mostEventTexts` of each, the newest first in
 * Redis. They wait here while Redis is away; what would be trimmed there is given up here.
 */
export class EventLists {
  readonly #lists: readonly { readonly key: string; readonly part: keyof EventTexts; texts: string[] }[];

  constructor(lists: RedisTarget['lists']) {
    this.#lists = lists
      ? [
          { key: lists.api, part: 'api', texts: [] },
          { key: lists.db, part: 'db', texts: [] },
        ]
      : [];
  }

  add(texts: EventTexts): void {
    for (const list of this.#lists) {
      const given = texts[list.part];
      list.texts = list.texts.length === 0 ? [...given] : [...list.texts, ...given].slice(-mostEventTexts);
    }
  }

  /**
   * Adds the commands that push what waits, and forgets it: what was sent is never sent again. Gives how many there were.
   */
  drainInto(pipeline: ChainableCommander): number {
    let pushed = 0;
    for (const list of this.#lists) {
      const { key, texts } = list;
      if (texts.length === 0) continue;
      for (let from = 0; from < texts.length; from += elementsPerPush)
        pipeline.lpush(key, ...texts.slice(from, from + elementsPerPush));
      pipeline.ltrim(key, 0, mostEventTexts - 1);
      pushed += texts.length;
      list.texts = [];
    }
    return pushed;
  }
}
