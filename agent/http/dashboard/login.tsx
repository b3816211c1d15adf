import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, getJson, type Session, sendJson, setSession } from './api.ts';

/** Who is logged in; asks the agent. Null: nobody. */
export async function readSession(): Promise<Session | null> {
  try {
    return await getJson<Session>('/api/session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** The login code of the address, which is taken out of it at once so that no history or copied link has it. */
export function takeCode(): string | undefined {
  const found = /(?:[#?&])code=([\w.~-]+)/.exec(location.hash) ?? /[?&]code=([\w.~-]+)/.exec(location.search);
  if (found) history.replaceState(null, '', '/');
  return found?.[1];
}

export async function logIn(secret: { readonly token: string } | { readonly code: string }): Promise<void> {
  setSession(await sendJson<Session>('POST', '/api/session', secret));
}

export async function logOut(): Promise<void> {
  await sendJson('DELETE', '/api/session');
  setSession(null);
}

export function Login({ problem }: { problem: string | undefined }) {
  const [said, setSaid] = useState(problem);
  const [isAsking, setIsAsking] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    if (token === '') return setSaid('Type or paste a token first.');
    setIsAsking(true);
    try {
      await logIn({ token });
    } catch (error) {
      setSaid(error instanceof ApiError && error.status !== 401 ? error.message : 'This token is not known.');
      input.current?.select();
    }
    setIsAsking(false);
  };
  return (
    <main class="login">
      <form class="login-box" onSubmit={submit}>
        <h1>nova-agent</h1>
        <label>
          Token
          <input
            ref={input}
            type="password"
            name="token"
            autocomplete="current-password"
            spellcheck={false}
          />
        </label>
        {said && (
          <p class="login-problem" role="alert">
            {said}
          </p>
        )}
        <button type="submit" class="primary" disabled={isAsking}>
          Log in
        </button>
        <p class="note">
          On the agent's machine, <code>nova-agent login</code> prints an address that logs in once.
        </p>
      </form>
    </main>
  );
}
