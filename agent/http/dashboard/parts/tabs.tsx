export interface Tab {
  readonly key: string;
  readonly title: string;
  /** Beside the title, such as how many there are. */
  readonly count?: number;
  /** Each is a link, so that the address says which one is open. */
  readonly href: string;
}

/** Links between the halves of a view; the open one is marked. */
export function Tabs({ label, tabs, openKey }: { label: string; tabs: readonly Tab[]; openKey: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ key, title, count, href }) => (
        <a key={key} href={href} aria-current={key === openKey ? 'page' : undefined}>
          {title}
          {count !== undefined && <span class="tab-count">{count}</span>}
        </a>
      ))}
    </nav>
  );
}
