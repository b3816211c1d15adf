export interface Sort {
  readonly key: string;
  readonly isDescending: boolean;
}

/** `p95` ascending, `-p95` descending; undefined when there is none. */
export function parseSort(text: string | undefined): Sort | undefined {
  const found = /^(-?)(\w{1,40})$/.exec(text ?? '');
  return found ? { key: found[2]!, isDescending: found[1] === '-' } : undefined;
}

/** What `parseSort` reads back. */
export function sortText({ key, isDescending }: Sort): string {
  return `${isDescending ? '-' : ''}${key}`;
}
