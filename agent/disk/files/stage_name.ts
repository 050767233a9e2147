/**
 * The names under which things lie beside their place before they are put there.
 *
 * @module
 */
import {
  encodeHex,
  encodeUtf8,
  type FileEntry,
  randomBytes,
  RESERVED_PREFIX,
  sha256Digest,
  STAGE_PREFIX,
} from "../../../protocol/mod.ts";

const PART_PREFIX = `${RESERVED_PREFIX}part-`;

/** Makes a name for something that is made now, and never found again. */
export function stageName(): string {
  return STAGE_PREFIX + encodeHex(randomBytes(12));
}

/** Returns the name for what came of a file, by which the same file is found again. */
export async function partName({ path, digest }: FileEntry): Promise<string> {
  const hash = await sha256Digest(encodeUtf8(`${path}\n${digest}`));
  return PART_PREFIX + encodeHex(hash.subarray(0, 16));
}

/** Tells a part of a file by its name. */
export function isPartName(name: string): boolean {
  return name.startsWith(PART_PREFIX);
}
