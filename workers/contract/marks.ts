/** What charts are marked with: moments from which on a process is another one. Plain data. */

export interface MarksTask {
  readonly startMs: number;
  readonly endMs: number;
  /** The newest ones, but for the last `skip`. */
  readonly limit: number;
  readonly skip: number;
}

export interface Marks {
  /** Oldest first. */
  readonly marks: readonly Mark[];
  /** Whether there are older ones. */
  readonly hasMore: boolean;
}

export interface Mark {
  /** When the process started, milliseconds since 1970. */
  readonly timeMs: number;
  /** `deploy`: a restart after which the service says another version; `agent`: the agent itself started. */
  readonly kind: 'restart' | 'deploy' | 'agent';
  /** Value of the tag `process`; '' for the agent. */
  readonly process: string;
  readonly text: string;
}
