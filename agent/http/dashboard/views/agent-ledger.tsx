import type { LedgerReport, PointCounts, SinkAccount } from '../../../ledger-shape.ts';
import type { Answer } from '../api.ts';
import type { Loaded } from '../data.ts';
import { formatCount } from '../format.ts';
import { Name, Panel, Status } from '../parts/index.ts';
import { equationText, termsOf } from './agent-data.ts';

interface LedgerProps {
  readonly from: Loaded<Answer<LedgerReport>>;
  readonly report: LedgerReport | undefined;
}

/** Nothing is lost without being counted: the equation of each destination, summed before the reader's eyes. */
export function Ledger({ from, report }: LedgerProps) {
  return (
    <Panel
      title="Ledger"
      from={from}
      note="Of every point that was collected, each destination has to say what became of it."
    >
      {report && (
        <ul class="ledger">
          <li>
            <h3>
              Embedded store <Status tone="ok">{formatCount(report.collected)} points taken</Status>
            </h3>
          </li>
          {report.sinks.map((sink) => (
            <Account key={sink.sink} account={sink} />
          ))}
          {report.sinks.length === 0 && (
            <li class="note">No destination is configured: the embedded store keeps all points.</li>
          )}
        </ul>
      )}
    </Panel>
  );
}

function Account({ account: { sink, up, problem, points } }: { readonly account: SinkAccount }) {
  return (
    <li>
      <h3>
        <Name text={sink} mono /> <Status tone={up ? 'ok' : 'critical'}>{up ? 'up' : 'down'}</Status>
      </h3>
      {problem !== '' && (
        <p class="ledger-problem">
          <bdi>{problem}</bdi>
        </p>
      )}
      {points ? (
        <Equation points={points} />
      ) : (
        <p class="note">It takes snapshots, which are not kept for it.</p>
      )}
    </li>
  );
}

function Equation({ points }: { readonly points: PointCounts }) {
  const { collected, difference } = points;
  return (
    <>
      <p class="for-readers">{equationText(points)}</p>
      <div class="equation" aria-hidden="true">
        <span class="equation-term">
          <span class="equation-count">{formatCount(collected)}</span>
          <span class="note">collected</span>
        </span>
        {termsOf(points).map(({ name, count, hint }, at) => (
          <span class="equation-term" key={name} title={hint}>
            <span class="equation-sign">{at === 0 ? '=' : '+'}</span>
            <span
              class={count > 0 && name.startsWith('dropped') ? 'equation-count is-lost' : 'equation-count'}
            >
              {formatCount(count)}
            </span>
            <span class="note">{name}</span>
          </span>
        ))}
      </div>
      <Status tone={difference === 0 ? 'ok' : 'critical'}>
        {difference === 0 ? 'it adds up' : `it does not add up: ${formatCount(difference)} are missing`}
      </Status>
    </>
  );
}
