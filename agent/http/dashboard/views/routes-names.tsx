import { formatCount } from '../format.ts';
import { Name } from '../parts/index.ts';
import { statusShares } from './statistics-rows.ts';

/** `GET /api/deals`; requests that no route took are `unmatched`. */
export function RouteName({
  route,
}: {
  route: { readonly method: string | null; readonly endpoint: string | null };
}) {
  return (
    <span class="route-name long-name">
      <span class="method">{route.method ?? ''}</span> <Name text={route.endpoint ?? ''} mono />
    </span>
  );
}

/** `4xx 2 %`, counts in the titles; `2xx` where there are no others. */
export function Statuses({ statuses }: { statuses: Readonly<Record<string, number>> }) {
  const shares = statusShares(statuses);
  if (shares.length === 0) return <>–</>;
  // What went well goes without saying, unless it is all.
  const shown = shares.length === 1 ? shares : shares.filter(({ status }) => status !== '2xx');
  return (
    <span class="statuses">
      {shown.map(({ status, count, percent }) => (
        <span
          key={status}
          class={`status-class status-${status[0]}`}
          title={`${formatCount(count)} with ${status}`}
        >
          {status}
          {shares.length > 1 && ` ${percentText(percent)}`}
        </span>
      ))}
    </span>
  );
}

/** Whole percent; what is there is never 0, what is not all never 100. */
function percentText(percent: number): string {
  if (percent < 1) return '<1 %';
  return `${Math.min(99, Math.round(percent))} %`;
}
