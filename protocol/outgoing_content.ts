/**
 * The contents of one file as they leave: as they are, or compressed where that is wanted and helps
 * (spec, section 8).
 *
 * @module
 */
import { compress, measureCompressed, WORTHWHILE_SHARE } from "./content_encoding.ts";
import { StorageError } from "./errors.ts";
import type { SecretContent } from "./secret_source.ts";

/** What is shorter is sent as it is. */
const MIN_COMPRESSED_BYTES = 512;

/** What is written to a stream. */
export interface OutgoingContent {
  /** How many bytes. */
  readonly size: number;
  /** How many bytes of the file they stand for, where they are compressed. */
  readonly plainSize?: number;
  /** The bytes; a piece is used up before the next is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Chooses how contents leave.
 *
 * @throws {StorageError} `file-changed` where they change meanwhile; what reading them throws.
 */
export async function chooseEncoding(
  content: SecretContent,
  options: { readonly size: number; readonly acceptsDeflate: boolean },
): Promise<OutgoingContent> {
  const { size, acceptsDeflate } = options;
  const { reopen } = content;
  if (!acceptsDeflate || reopen === undefined || size < MIN_COMPRESSED_BYTES) {
    return { size, chunks: content.chunks };
  }
  const compressedSize = await measureCompressed(content.chunks);
  const again = await reopen();
  if (again === null) throw new StorageError("file-changed", "a file changed while it was read");
  return compressedSize < size * WORTHWHILE_SHARE
    ? { size: compressedSize, plainSize: size, chunks: compress(again) }
    : { size, chunks: again };
}
