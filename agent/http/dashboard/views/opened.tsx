import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { href } from '../address.ts';
import { Icon } from '../parts/index.ts';

export interface OpenedProps {
  /** Of what is open, so that the focus follows when it is another. */
  readonly openKey: string;
  readonly title: ComponentChildren;
  /** Params of the address that opened it. */
  readonly params: readonly string[];
  readonly children: ComponentChildren;
}

/** The detail of a row, above its table. It takes the focus when it opens, and closes by a link. */
export function Opened({ openKey, title, params, children }: OpenedProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: 'nearest' });
  }, [openKey]);
  const closed = Object.fromEntries(params.map((name) => [name, null]));
  return (
    <section class="opened" aria-labelledby="opened-title">
      <header class="opened-head">
        <h2 id="opened-title" tabIndex={-1} ref={heading}>
          {title}
        </h2>
        <a class="opened-close" href={href({ params: closed })}>
          <Icon name="close" />
          Close
        </a>
      </header>
      {children}
    </section>
  );
}
