/** Drawn on a field of 16 by 16. */
const paths = {
  check: 'M3 8.5l3.2 3.2L13 5',
  info: 'M8 7.2v4M8 4.6v.1M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8z',
  warning: 'M8 2.2l6.2 11H1.8zM8 6.4v3.2M8 11.4v.1',
  critical: 'M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM8 4.8v4M8 11.1v.1',
  question: 'M5.8 6.1A2.2 2.2 0 118.6 8.2c-.5.2-.7.5-.7 1.2M7.9 11.6v.1',
  dot: 'M8 6.8a1.2 1.2 0 100 2.4 1.2 1.2 0 000-2.4z',
  close: 'M4 4l8 8M12 4l-8 8',
  up: 'M4 10l4-4 4 4',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4L6 8l4 4',
  sun: 'M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M3 13l1.2-1.2M11.8 4.2L13 3',
  moon: 'M13.4 9.6A5.8 5.8 0 016.4 2.6a5.8 5.8 0 107 7z',
  clock: 'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM8 4.6V8l2.4 1.6',
  overview: 'M2 9h4V2H2zM2 14h4v-3H2zM10 14h4V7h-4zM10 5h4V2h-4z',
  routes: 'M2 4h7M2 8h12M2 12h4M12 2l2 2-2 2M9 10l-2 2 2 2',
  queries:
    'M8 2c3.3 0 5.5.9 5.5 2S11.3 6 8 6 2.5 5.1 2.5 4 4.7 2 8 2zM2.5 4v8c0 1.1 2.2 2 5.5 2s5.5-.9 5.5-2V4M2.5 8c0 1.1 2.2 2 5.5 2s5.5-.9 5.5-2',
  queues: 'M2 3h12v3H2zM2 8h12M2 11h12M2 14h8',
  errors: 'M8 2.2l6.2 11H1.8zM8 6.4v3.2M8 11.4v.1',
  users:
    'M6 7.5a2.6 2.6 0 100-5.2 2.6 2.6 0 000 5.2zM1.5 14c0-2.5 2-4.2 4.5-4.2s4.5 1.7 4.5 4.2M11 7.3a2.2 2.2 0 10-.8-4.3M12 9.9c1.5.5 2.5 1.9 2.5 4.1',
  alerts:
    'M8 1.8c-2.6 0-4 1.9-4 4.2 0 3.6-1.5 5-1.5 5h11S12 9.6 12 6c0-2.3-1.4-4.2-4-4.2zM6.6 13.4a1.5 1.5 0 002.8 0',
  rules: 'M5.5 4H14M5.5 8H14M5.5 12H14M2 4h.6M2 8h.6M2 12h.6',
  agent: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.1M5 11h.1',
  wider: 'M5 4L1.5 8 5 12M11 4l3.5 4L11 12M1.5 8h13',
  contrast: 'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM8 1.8v12.4',
  logout: 'M6 2H3v12h3M10 5l3 3-3 3M13 8H6',
  refresh: 'M13.5 8A5.5 5.5 0 112.8 6M13.5 2.5V6H10',
} as const;

export type IconName = keyof typeof paths;

/** A drawing beside words: screen readers skip it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
