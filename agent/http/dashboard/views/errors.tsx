import { useState } from 'preact/hooks';
import { useAddress } from '../address.ts';
import { Panel } from '../parts/index.ts';
import { keyOfError, useErrors } from './errors-data.ts';
import { ErrorDetail } from './errors-detail.tsx';
import { ErrorsTable } from './errors-table.tsx';
import { FilterBox } from './filter-box.tsx';
import { rangeWords } from './view-range.ts';

const pageSize = 50;

/** Groups of errors of the range, the one seen last first; one of them opened. */
export function ErrorsView() {
  const { params, range } = useAddress();
  const [limit, setLimit] = useState(pageSize);
  const { from, groups, hasMore } = useErrors(range, limit);
  const { error: fingerprint, process } = params;
  const opened = groups.find(
    (group) => group.fingerprint === fingerprint && (!process || group.process === process),
  );
  return (
    <>
      {fingerprint !== undefined && <ErrorDetail fingerprint={fingerprint} inRange={opened} />}
      <Panel
        title="Errors"
        from={from}
        note={`Of ${rangeWords(range)}, by type, message and place in the code.`}
        actions={<FilterBox label="Filter errors" />}
        empty={
          from.data !== undefined && groups.length === 0 && !hasMore && <NoErrors words={rangeWords(range)} />
        }
      >
        <ErrorsTable
          rows={groups}
          filter={params.filter ?? ''}
          pageSize={limit}
          openKey={opened && keyOfError(opened)}
        />
        {hasMore && (
          <p class="table-more">
            <button type="button" disabled={from.isLoading} onClick={() => setLimit(limit + pageSize)}>
              Load more
            </button>
          </p>
        )}
      </Panel>
    </>
  );
}

function NoErrors({ words }: { words: string }) {
  return (
    <>
      <p>No error was reported in {words}.</p>
      <p>
        Errors come from services that load the library: failed requests, jobs and queries by themselves,
        others by <code>monitor.trackError(error)</code>.
      </p>
    </>
  );
}
