/**
 * Contents that are compressed on their way (spec, section 8).
 *
 * A stream states its length before its first byte, so what is compressed is compressed twice: once to
 * learn how long it gets, and once to send it. That costs the keeper time and neither side memory.
 *
 * @module
 */
import { type Bytes, joinBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";

/** The one encoding: RFC 1951 without a header. */
export const DEFLATE = "deflate-raw";

/** How much of what is compressed is restored at a time; at most some 4 MiB come of it. */
const RESTORED_AT_ONCE_BYTES = 4_096;

/** What is not shortened by a tenth is sent as it is. */
export const WORTHWHILE_SHARE = 0.9;
/** How much of what is longer is tried first. */
const SAMPLE_BYTES = 16_384;

function through(
  chunks: AsyncIterable<Uint8Array>,
  transform: CompressionStream | DecompressionStream,
): ReadableStream<Bytes> {
  // The types of the platform are wider than what comes out.
  return streamOf(chunks).pipeThrough(transform as unknown as ReadableWritablePair<Bytes, Bytes>);
}

/** Makes a stream of copies: a piece may be used again by its source while a transform still holds it. */
function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Bytes> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Bytes>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(new Uint8Array(next.value));
    },
    async cancel() {
      await iterator.return?.();
    },
  }, { highWaterMark: 0 });
}

/** The platform restores a piece as a whole, and what is restored may be a thousand times as long. */
async function* smallPieces(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += RESTORED_AT_ONCE_BYTES) {
      yield chunk.subarray(at, at + RESTORED_AT_ONCE_BYTES);
    }
  }
}

/** Compresses contents. */
export function compress(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Bytes> {
  return through(chunks, new CompressionStream(DEFLATE));
}

/**
 * Compresses what is in memory as a whole.
 *
 * @returns The compressed bytes, or `null` where they are not worth it.
 */
export async function compressWhole(bytes: Bytes): Promise<Bytes | null> {
  if (
    bytes.length > 2 * SAMPLE_BYTES && await shortened(bytes.subarray(0, SAMPLE_BYTES)) === null
  ) {
    return null;
  }
  return await shortened(bytes);
}

/** What is shorter is sent as it is where it is no file. */
const MIN_COMPRESSED_LIST_BYTES = 4_096;

/**
 * Compresses lines that a peer may have compressed.
 *
 * @returns The compressed bytes, or `null` where they are not worth it or not wanted.
 */
export async function compressLines(
  bytes: Bytes,
  { acceptsDeflate }: { readonly acceptsDeflate?: true },
): Promise<Bytes | null> {
  const isWorthIt = acceptsDeflate === true && bytes.length >= MIN_COMPRESSED_LIST_BYTES;
  return isWorthIt ? await compressWhole(bytes) : null;
}

async function shortened(bytes: Bytes): Promise<Bytes | null> {
  const compressed: Bytes[] = [];
  for await (const chunk of compress(yieldOnce(bytes))) compressed.push(chunk);
  const whole = joinBytes(compressed);
  return whole.length < bytes.length * WORTHWHILE_SHARE ? whole : null;
}

async function* yieldOnce(bytes: Bytes): AsyncGenerator<Bytes, void, undefined> {
  yield await Promise.resolve(bytes);
}

/**
 * Restores contents in memory; see {@linkcode decompress}.
 *
 * @throws {ProtocolError} `digest-mismatch` where they are not as long as was stated.
 */
export async function decompressWhole(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): Promise<Bytes> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of decompress(chunks, size)) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** Compresses contents to learn how many bytes come of them; the result is thrown away. */
export async function measureCompressed(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of compress(chunks)) size += chunk.length;
  return size;
}

/**
 * Restores contents of a length that is known in advance.
 *
 * @throws {ProtocolError} `digest-mismatch` where something else comes out, as soon as it does.
 */
export async function* decompress(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Bytes, void, undefined> {
  let left = size;
  let failure: { readonly reason: unknown } | null = null;
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* smallPieces(chunks);
    } catch (reason) {
      failure = { reason };
      throw reason;
    }
  }
  try {
    for await (const chunk of through(pieces(), new DecompressionStream(DEFLATE))) {
      left -= chunk.length;
      if (left < 0) break;
      yield chunk;
    }
  } catch (error) {
    if (failure !== null) throw error;
    // What the platform throws for bytes that are no such encoding differs from runtime to runtime.
    throw mismatch(error);
  }
  if (left !== 0) throw mismatch();
}

function mismatch(cause?: unknown): ProtocolError {
  return new ProtocolError("digest-mismatch", "compressed contents are not what was stated", {
    cause,
  });
}
