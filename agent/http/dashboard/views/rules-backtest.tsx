import { useEffect, useRef, useState } from 'preact/hooks';
import { useAddress } from '../address.ts';
import { type Answer, sendJson, useIsAdmin } from '../api.ts';
import { asApiError } from '../data.ts';
import { Icon, Panel } from '../parts/index.ts';
import { spanOf } from '../time-range.ts';
import { backtestRange, type PlacedRule, ruleFileText } from './rules-data.ts';
import { BacktestReport } from './rules-report.tsx';
import type { Report } from './rules-report-shape.ts';
import { rangeWords } from './view-range.ts';

interface State {
  readonly isRunning: boolean;
  readonly report?: Report;
  readonly problem?: string;
}

/** Replays a rule, as it is or changed, over the range of the page. */
export function RuleBacktest({ placed }: { readonly placed: PlacedRule }) {
  const isAdmin = useIsAdmin();
  const { range } = useAddress();
  const [state, setState] = useState<State>({ isRunning: false });
  const [text, setText] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const run = async () => {
    const aborter = new AbortController();
    running.current = aborter;
    setState({ isRunning: true });
    const what = text === null ? { rule: placed.rule.name } : { file: text };
    try {
      const { data } = await sendJson<Answer<Report>>(
        'POST',
        '/api/monitoring/backtest',
        { ...what, ...backtestRange(range) },
        aborter.signal,
      );
      setState({ isRunning: false, report: data });
    } catch (error) {
      setState({
        isRunning: false,
        problem: aborter.signal.aborted ? 'It was stopped.' : asApiError(error).message,
      });
    }
  };
  if (!isAdmin) {
    return (
      <Panel
        title="Backtest"
        empty={<p>To replay a rule over the past takes a token with the role admin.</p>}
      >
        {null}
      </Panel>
    );
  }
  const spanMs = (({ fromMs, toMs }) => toMs - fromMs)(spanOf(range, 0));
  return (
    <Panel
      title="Backtest"
      note={`What ${text === null ? 'this rule' : 'the changed rule'} would have done in ${rangeWords(range)}, and who would have been told. The range is that of the page.`}
      actions={
        <>
          <button type="button" onClick={() => setText(text === null ? ruleFileText(placed) : null)}>
            {text === null ? 'Change and try' : 'As it is in force'}
          </button>
          {state.isRunning ? (
            <button type="button" onClick={() => running.current?.abort()}>
              <Icon name="close" />
              Stop
            </button>
          ) : (
            <button type="button" class="primary" onClick={run}>
              Replay
            </button>
          )}
        </>
      }
    >
      {text !== null && (
        <label class="backtest-file">
          <span>A rule file. It is only tried here; what is in force stays as it is.</span>
          <textarea
            class="mono"
            rows={Math.min(24, text.split('\n').length + 1)}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      )}
      <div aria-live="polite">
        {state.isRunning && (
          <p class="loading">
            Replaying…{' '}
            {spanMs > 3 * 86_400_000 && 'Over days this takes some seconds; rules in force go on meanwhile.'}
          </p>
        )}
        {state.problem !== undefined && (
          <p class="broken backtest-problem" role="alert">
            <bdi>{state.problem}</bdi>
          </p>
        )}
      </div>
      {state.report && <BacktestReport report={state.report} />}
    </Panel>
  );
}
