import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { setSession, useSession } from './api.ts';
import { startLive, stopLive } from './live.ts';
import { Login, logIn, readSession, takeCode } from './login.tsx';
import { Shell } from './shell.tsx';
import { applyTheme, readTheme } from './theme.ts';
import './page.css';

let problem: string | undefined;

function Page() {
  const session = useSession();
  useEffect(() => {
    if (session) startLive();
    else stopLive();
  }, [session]);
  if (session === undefined) return <p class="loading">Loading…</p>;
  return session ? <Shell /> : <Login problem={problem} />;
}

/** What went wrong, to stand by itself. */
function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

async function begin(): Promise<void> {
  const code = takeCode();
  try {
    if (code !== undefined) return await logIn({ code });
  } catch (error) {
    problem = sentence(error);
  }
  try {
    setSession(await readSession());
  } catch (error) {
    problem = sentence(error);
    setSession(null);
  }
}

applyTheme(readTheme());
render(<Page />, document.getElementById('app')!);
void begin();
