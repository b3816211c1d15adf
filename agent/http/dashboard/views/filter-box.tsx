import { navigate, useAddress } from '../address.ts';

/** Narrows a table; what is typed is the `filter` of the address. */
export function FilterBox({ label }: { readonly label: string }) {
  const { params } = useAddress();
  return (
    <label class="filter-box">
      <span class="for-readers">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={params.filter ?? ''}
        onInput={(event) => {
          const text = event.currentTarget.value.slice(0, 500);
          navigate({ params: { filter: text === '' ? null : text } }, { replace: true });
        }}
      />
    </label>
  );
}
