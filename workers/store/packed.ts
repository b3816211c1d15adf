import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';

/** Below this, deflating saves less than it adds. */
const minDeflated = 64;

/** Small windows, as each call allocates its own; higher levels find no more in counts and distances. */
const deflateOptions = { level: 1, windowBits: 12, memLevel: 5 } as const;

/** Writes one byte whether what follows is deflated, then `bytes`; they are the last thing in a row. */
export function writePacked(writer: ByteWriter, bytes: Uint8Array): void {
  const deflated = bytes.length > minDeflated;
  writer.byte(deflated ? 1 : 0);
  writer.append(deflated ? deflateRawSync(bytes, deflateOptions) : bytes);
}

/** Reads what `writePacked` wrote. Throws `BytesError`, or what zlib says, when the bytes are not such. */
export function readPacked(reader: ByteReader): Uint8Array {
  return reader.byte() === 1 ? inflateRawSync(reader.rest()) : reader.rest();
}
