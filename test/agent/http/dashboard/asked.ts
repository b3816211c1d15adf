import type { TestContext } from 'node:test';

/** Answers what the page asks: by path, the body or what makes it; anything else is 404. */
export function answerFetch(
  t: TestContext,
  answer: (path: string, params: URLSearchParams) => object | undefined,
): string[] {
  const asked: string[] = [];
  t.mock.method(globalThis, 'fetch', async (text: string) => {
    const url = new URL(text, 'http://agent');
    asked.push(`${url.pathname}${url.search}`);
    const body = answer(url.pathname, url.searchParams);
    return Response.json(body ?? { success: false, message: 'nothing' }, { status: body ? 200 : 404 });
  });
  return asked;
}
