import { mostTextBytes } from '../../workers/contract/wire.ts';
import { arenaBytes, mostLabelBytes } from './memory-budget.ts';

/** A text as frames have it, and where the frame that is being filled has it already. */
export interface Label {
  /** The newest frame that has it; `number` is its number there. See EventFrame. */
  epoch: number;
  number: number;
  /** Where in the arena: the length in bytes, then UTF-8 with zeros up to a whole word. */
  readonly at: number;
  /** Words. */
  readonly size: number;
}

/** No text: every frame has it, with the number 0. */
export const noLabel: Label = { epoch: 0x3fff_ffff, number: 0, at: 0, size: 0 };

const halfWords = arenaBytes / 8;

/**
 * The bytes of texts that were told lately, close together, so that a frame gets one by copying a few words. When a
 * half is full, or what is kept to find the labels by has grown to its limit, the other half begins anew, and the
 * labels of both are to be forgotten; those that were made for the event at hand still hold, for one event does not
 * fill a half.
 */
export class TextArena {
  readonly words = new Uint32Array(2 * halfWords);
  readonly #bytes = new Uint8Array(this.words.buffer);
  readonly #onTurn: () => void;
  #end = 0;
  #limit = halfWords;
  #keptBytes = 0;

  /** `onTurn` is called when labels are to be forgotten. */
  constructor(onTurn: () => void) {
    this.#onTurn = onTurn;
  }

  /**
   * Takes a text, or the beginning of one that is longer than a frame may have. `keptBytes` is what the caller keeps
   * for the label until it is to be forgotten.
   */
  add(text: string, keptBytes: number): Label {
    const bytes = utf8(text);
    const size = 1 + Math.ceil(bytes.length / 4);
    if (this.#end + size > this.#limit || this.#keptBytes >= mostLabelBytes) {
      this.#end = this.#limit === halfWords ? halfWords : 0;
      this.#limit = this.#end + halfWords;
      this.#keptBytes = 0;
      this.#onTurn();
    }
    this.#keptBytes += keptBytes;
    const at = this.#end;
    this.#end += size;
    this.words[at + size - 1] = 0;
    this.words[at] = bytes.length;
    this.#bytes.set(bytes, (at + 1) * 4);
    return { epoch: 0, number: 0, at, size };
  }
}

function utf8(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostTextBytes) return bytes;
  let end = mostTextBytes;
  // Not in the middle of a character.
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
