type Labels = Readonly<Record<string, string>>;

/**
 * Whether an alert is about what the labels name: the first of them must be its own, the others must not be different
 * ones, as a rule may sum them up.
 */
export function isAbout(alert: Labels, labels: Labels): boolean {
  return Object.entries(labels).every(
    ([name, value], at) => alert[name] === value || (at > 0 && alert[name] === undefined),
  );
}
