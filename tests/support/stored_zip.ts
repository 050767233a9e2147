/** An archive of one file, not compressed. */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { encodeUtf8 } from "../../protocol/mod.ts";

function fields(layout: string, ...values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  [...layout].forEach((size, i) => {
    const value = values[i] ?? 0;
    for (let n = 0; n < Number(size); n++) bytes.push(Math.floor(value / 256 ** n) % 256);
  });
  return Uint8Array.from(bytes);
}

/** How wide the fields are that both headers of a file have. */
const SHARED = "222244422";

/** Packs a file that may be executed. */
export function makeStoredZip(name: string, contents: Uint8Array): Uint8Array<ArrayBuffer> {
  const path = encodeUtf8(name);
  const size = contents.length;
  const shared = [0, 0, 0, 0x21, crc32(contents), size, size, path.length, 0];
  const mode = 0o100755 * 65_536;
  const local = fields(`42${SHARED}`, 0x0403_4b50, 20, ...shared);
  const entry = fields(`422${SHARED}22244`, 0x0201_4b50, 0x031e, 20, ...shared, 0, 0, 0, mode, 0);
  const directory = entry.length + path.length;
  const place = local.length + path.length + size;
  const end = fields("42222442", 0x0605_4b50, 0, 0, 1, 1, directory, place, 0);
  return new Uint8Array(Buffer.concat([local, path, contents, entry, path, end]));
}
