import { formatDuration, formatSize } from '../units.ts';
import { childOf, choicesOf, type OptionNode, optionTree } from './option-tree.ts';
import { type Config, configSchema } from './schema.ts';

const hidden = '***';

/** Passwords in URLs, and in their queries, hidden. */
export function maskUrls(text: string): string {
  return text
    .replace(/(:\/\/[^\s:@/]*:)\S*@/g, `$1${hidden}@`)
    .replace(/([?&](?:password|passwd|token|secret|api_?key)=)[^&\s]+/gi, `$1${hidden}`);
}

/** The configuration as it may be shown: secrets and passwords in URLs are `***`, durations and sizes have units. */
export function redact(config: Config): unknown {
  return shown(config, optionTree(configSchema));
}

function shown(value: unknown, node: OptionNode | undefined): unknown {
  if (Array.isArray(value)) return value.map((entry, i) => shown(entry, node && childOf(node, i)));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, shown(child, node && childOf(node, key))]),
    );
  }
  const choices = node ? choicesOf(node) : [];
  if (typeof value === 'string') {
    const isSecret = choices.some((choice) => choice.secret) && !value.includes('://');
    return isSecret ? hidden : maskUrls(value);
  }
  const quantity = choices.find((choice) => choice.quantity)?.quantity;
  if (typeof value !== 'number' || !quantity) return value;
  return quantity === 'duration' ? formatDuration(value) : formatSize(value);
}
