/** What of the past is asked from where it is kept longer than in the store. Plain data; times in milliseconds since 1970. */

/** What stands for a step. */
export type OlderTake = 'mean' | 'max' | 'min' | 'sum';

export interface OlderMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** Some fields of a measurement in equal steps. */
export interface OlderQuery {
  readonly measurement: string;
  readonly fields: readonly { readonly field: string; readonly take: OlderTake }[];
  /** Of tags; those that cannot be told the server are left out: what comes must be looked at again. */
  readonly matchers: readonly OlderMatcher[];
  /** A series for each set of tags, or one of all. */
  readonly byTags: boolean;
  readonly startMs: number;
  /** Not included. */
  readonly endMs: number;
  /** Steps begin at multiples of it, plus `offsetMs`. */
  readonly stepMs: number;
  readonly offsetMs: number;
}

/** Series that a selector of PromQL wants from before the store begins. */
export interface OlderNeed {
  /** The same for the same wish. */
  readonly key: string;
  /** A metric's name may be of several measurements and fields. */
  readonly queries: readonly OlderQuery[];
}

/** What was found for needs; one that failed has no texts. */
export interface OlderFound {
  readonly key: string;
  /** Answers as `parseInfluxSeries` reads them, one for each query. */
  readonly texts: readonly string[];
}
