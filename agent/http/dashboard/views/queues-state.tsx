import { Status, type Tone } from '../parts/index.ts';

interface Said {
  readonly tone: Tone;
  readonly words: string;
}

const states: Readonly<Record<string, Said>> = {
  idle: { tone: 'muted', words: 'idle' },
  working: { tone: 'ok', words: 'working' },
  overloaded: { tone: 'warning', words: 'overloaded' },
  no_workers: { tone: 'critical', words: 'no workers' },
  paused: { tone: 'warning', words: 'paused' },
  rate_limited: { tone: 'warning', words: 'rate-limited' },
  overdue: { tone: 'warning', words: 'overdue' },
  stalled: { tone: 'critical', words: 'stalled' },
  unknown: { tone: 'unknown', words: 'unknown' },
};

/** Why jobs of a queue wait, in a word; the sentences are its title. */
export function QueueState({ state, text }: { state: string; text?: string | undefined }) {
  const { tone, words } = states[state] ?? { tone: 'unknown', words: state };
  return (
    <Status tone={tone} {...(text !== undefined && { title: text })}>
      {words}
    </Status>
  );
}

/** The calmest first. */
const byUrgency = [
  'idle',
  'working',
  'unknown',
  'rate_limited',
  'overdue',
  'overloaded',
  'paused',
  'no_workers',
  'stalled',
];

/** How much it wants to be looked at: more is worse. */
export function urgencyOf(state: string): number {
  return byUrgency.indexOf(state);
}
