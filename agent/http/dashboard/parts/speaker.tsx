let room: HTMLElement | null = null;

/** Says something to who uses a screen reader. */
export function speak(text: string): void {
  if (room) room.textContent = text;
}

/** Where that is said: once a page. */
export function Speaker() {
  return (
    <div
      class="for-readers"
      aria-live="polite"
      ref={(element) => {
        room = element;
      }}
    />
  );
}
