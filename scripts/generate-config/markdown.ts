import { choicesOf, expectation, type OptionNode } from '../../agent/config/option-tree.ts';

/** What an option may be. */
export function valueText(node: OptionNode): string {
  const measured = choicesOf(node).find(({ quantity }) => quantity);
  return measured ? `${measured.quantity}, ${measured.from} to ${measured.to}` : expectation(node);
}

export function defaultText(value: unknown): string {
  if (value === undefined || value === '') return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '{}' || text === '[{}]' ? '' : code(text);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

export function code(text: string): string {
  return `\`${text}\``;
}
