import { layoutText, type PointKey } from '../point/point.ts';

/** The layout text of points that rarely change: the same text while the same ones are asked for. */
export class PointLayout {
  text = layoutText([]);
  #identity: readonly unknown[] = [];

  /**
   * True when the points of these things, in this order, are those of the time before; else `pointOf` is asked for each
   * and the text made anew. Things are compared by identity or value.
   */
  use<T>(things: readonly T[], pointOf: (thing: T) => PointKey): boolean {
    const same =
      things.length === this.#identity.length && things.every((thing, i) => thing === this.#identity[i]);
    if (same) return true;
    this.#identity = [...things];
    this.text = layoutText(things.map(pointOf));
    return false;
  }
}
