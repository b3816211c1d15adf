import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Address, addressProblem, href, navigate, useAddress } from './address.ts';
import { useOpenAlerts, useReady } from './agent-state.ts';
import { useSession } from './api.ts';
import { useData } from './data.ts';
import { agentNow, type LiveState, useLiveState } from './live.ts';
import { logOut } from './login.tsx';
import { Icon } from './parts/icon.tsx';
import { loadMarks, Marks } from './parts/marks.ts';
import { RangePicker } from './parts/range-picker.tsx';
import { Speaker } from './parts/speaker.tsx';
import { Toasts, toast } from './parts/toast.tsx';
import { applyTheme, readTheme, type Theme } from './theme.ts';
import { spanOf, type TimeRange } from './time-range.ts';
import { type View, views } from './views/index.ts';

/** The page around the views. */
export function Shell() {
  const address = useAddress();
  const { view: key, range } = address;
  const view = views.find((one) => one.key === key) ?? views[0]!;
  const heading = useRef<HTMLHeadingElement>(null);
  const alerts = useOpenAlerts().data?.data ?? [];
  const marks = usePageMarks(range);
  // Its interval decides how charts ask.
  useReady();
  useFocusOnChange(view, heading);
  useRightAddress(view, address);
  useEffect(() => {
    document.title = `${alerts.length > 0 ? `(${alerts.length}) ` : ''}${view.title} – nova-agent`;
  }, [view, alerts.length]);
  const ViewComponent = view.component;
  return (
    <div class="page">
      <Navigation view={view} openAlerts={alerts.length} onSkip={() => heading.current?.focus()} />
      <header class="head">
        <h1 ref={heading} tabIndex={-1}>
          {view.title}
        </h1>
        <div class="head-tools">
          <LiveBadge isPast={range.kind === 'fixed'} />
          <RangePicker />
          <ThemeSwitch />
          <LogOut />
        </div>
      </header>
      <Marks.Provider value={marks}>
        <main class="main">
          <ViewComponent key={view.key} />
        </main>
      </Marks.Provider>
      <Toasts />
      <Speaker />
    </div>
  );
}

function usePageMarks(range: TimeRange) {
  const { kind } = range;
  const [start, end] = kind === 'last' ? [range.ms, 0] : [range.fromMs, range.toMs];
  const { data } = useData((signal) => loadMarks(spanOf(range, agentNow()), signal), [kind, start, end], {
    everyMs: kind === 'last' ? 60_000 : undefined,
  });
  return useMemo(() => data ?? [], [data]);
}

/** Says what made no sense in the address, and puts it right. */
function useRightAddress(view: View, address: Address): void {
  useEffect(() => {
    const keys = views.map(({ key }) => key);
    const problem = addressProblem(location.hash, keys);
    if (problem === undefined) return;
    toast(problem, 'warning');
    navigate({ view: view.key }, { replace: true });
  }, [address]);
}

/** Who reads with a screen reader hears the new heading; the first one is not jumped to. */
function useFocusOnChange(view: View, heading: { readonly current: HTMLHeadingElement | null }): void {
  const before = useRef(view);
  useEffect(() => {
    if (before.current === view) return;
    before.current = view;
    window.scrollTo(0, 0);
    heading.current?.focus();
  }, [view]);
}

interface NavigationProps {
  readonly view: View;
  readonly openAlerts: number;
  readonly onSkip: () => void;
}

function Navigation({ view, openAlerts, onSkip }: NavigationProps) {
  const skip = (event: Event) => {
    // The fragment is the address of the view.
    event.preventDefault();
    onSkip();
  };
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // On a phone the list is a bar that is wider than the screen.
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [view]);
  return (
    <nav class="nav" aria-label="Views">
      <a class="skip" href={href({})} onClick={skip}>
        Skip to the content
      </a>
      <a class="brand" href={href({ view: 'overview' })}>
        <svg class="brand-mark" viewBox="0 0 14 14" aria-hidden="true">
          <path d="M1 8h3l2-5 2.5 8 1.5-3h3" fill="none" stroke="currentColor" stroke-width="1.8" />
        </svg>
        nova-agent
      </a>
      <ul ref={list}>
        {views.map(({ key, title }) => (
          <li key={key}>
            <a href={href({ view: key })} aria-current={key === view.key ? 'page' : undefined}>
              <Icon name={key} />
              {title}
              {key === 'alerts' && openAlerts > 0 && (
                <span class="nav-count">
                  {openAlerts}
                  <span class="for-readers"> open</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const liveTexts: Readonly<Record<LiveState, string>> = {
  live: 'Live',
  connecting: 'Connecting…',
  reconnecting: 'Agent not reached, trying again…',
  off: 'Paused',
};

function LiveBadge({ isPast }: { isPast: boolean }) {
  const state = useLiveState();
  if (isPast && state === 'live') {
    return (
      <a class="live" href={href({ range: { kind: 'last', ms: 3_600_000 } })} title="Back to the last hour">
        The past
      </a>
    );
  }
  const tone = state === 'live' ? 'is-live' : state === 'reconnecting' ? 'is-lost' : '';
  return (
    <span class={`live ${tone}`} role="status">
      {liveTexts[state]}
    </span>
  );
}

const nextTheme: Readonly<Record<Theme, Theme>> = { system: 'dark', dark: 'light', light: 'system' };
const themeTexts: Readonly<Record<Theme, string>> = {
  system: 'Colours as the system has them',
  dark: 'Dark colours',
  light: 'Light colours',
};
const themeIcons = { system: 'contrast', dark: 'moon', light: 'sun' } as const;

function ThemeSwitch() {
  const [theme, setTheme] = useState(readTheme);
  const change = () => {
    const next = nextTheme[theme];
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="plain"
      aria-label={`${themeTexts[theme]}; change`}
      title={themeTexts[theme]}
      onClick={change}
    >
      <Icon name={themeIcons[theme]} />
    </button>
  );
}

function LogOut() {
  const session = useSession();
  const end = () => logOut().catch((error: Error) => toast(`Not logged out: ${error.message}`, 'critical'));
  if (!session) return null;
  const text = `Log out (${session.name}, ${session.role})`;
  return (
    <button type="button" class="plain" aria-label={text} title={text} onClick={end}>
      <Icon name="logout" />
    </button>
  );
}
