/** Any text that is not empty may name a label, unless it is no Unicode. */
export function isLabelName(name: string): boolean {
  return name !== '' && !/\p{Surrogate}/u.test(name);
}
