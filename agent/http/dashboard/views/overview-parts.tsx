import type { ReadyPart } from '../../../ready-shape.ts';
import { href } from '../address.ts';
import { useReady } from '../agent-state.ts';
import { useLiveState } from '../live.ts';
import { Panel, Status, type Tone } from '../parts/index.ts';
import { budgetText } from './agent-data.ts';

/** How every source and sink is. While the agent does not answer nothing is known of any of them. */
export function OverviewParts() {
  const { data, error } = useReady();
  const live = useLiveState();
  const isKnown = !error && live !== 'reconnecting';
  const parts = data?.parts ?? [];
  const tick = parts.find(({ part }) => part === 'tick');
  const level = typeof tick?.budgetLevel === 'number' ? tick.budgetLevel : 0;
  const bad = parts.filter(({ ok }) => !ok);
  const from = { data: data ?? error, error: undefined, isLoading: false, stale: false, reload: () => {} };
  const more = <a href={href({ view: 'agent' })}>The agent</a>;
  const title = !isKnown || !data ? 'Sources and sinks' : titleOf(parts.length, bad.length);
  return (
    <Panel title={title} actions={more} from={from}>
      {!isKnown && <p class="note">The agent does not answer: how they are is not known.</p>}
      {isKnown && level > 0 && (
        <p class="note">
          <Status tone="warning">budget level {level}</Status> The agent is{' '}
          {budgetText(level, Number(tick?.intervalMs))}.
        </p>
      )}
      {isKnown && bad.length > 0 && (
        <ul class="overview-problems">
          {bad.map(({ part, problem }) => (
            <li key={part}>
              <Status tone="critical">{part}</Status> <bdi>{problem}</bdi>
            </li>
          ))}
        </ul>
      )}
      <ul class="overview-parts">
        {parts
          .filter(({ ok }) => ok || !isKnown)
          .map((part) => (
            <li key={part.part}>
              <Status tone={toneOf(part, isKnown)} title={part.part}>
                {part.part.replaceAll('/', ' ')}
                <span class="for-readers">{isKnown ? ' is well' : ' not known'}</span>
              </Status>
            </li>
          ))}
      </ul>
    </Panel>
  );
}

function toneOf({ ok }: ReadyPart, isKnown: boolean): Tone {
  if (!isKnown) return 'unknown';
  return ok ? 'ok' : 'critical';
}

function titleOf(all: number, bad: number): string {
  return bad === 0
    ? `All ${all} parts are well`
    : `${bad} of ${all} parts ${bad === 1 ? 'is' : 'are'} not well`;
}
