/**
 * What agents were given last, read off the end of an audit log.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import { storageError } from "../../../protocol/host/mod.ts";
import { decodeAuditLine } from "../log/mod.ts";
import { MAX_GIVEN_SCAN_BYTES, MAX_LINE_BYTES, READ_BUFFER_BYTES } from "../limits.ts";

/** What an agent was given at a path. */
export interface GivenBefore {
  /** The fingerprint of the contents under the key of the log. */
  readonly contents: string;
  /** Their length in bytes. */
  readonly size: number;
  /** When they left, as ISO 8601 in UTC. */
  readonly time: string;
}

/** A file of an agent. */
export interface GivenFile {
  /** The fingerprint of the agent's key. */
  readonly agent: string;
  /** The path. */
  readonly path: string;
}

/** Tells what an agent was given at a path, or `null` where the log does not say. */
export type GivenLookup = (file: GivenFile) => GivenBefore | null;

const NEWLINE = 0x0a;
/** What every line has that is looked for. */
const MARK = '"event":"given"';

function keyOf({ agent, path }: GivenFile): string {
  return JSON.stringify([agent, path]);
}

/**
 * Looks for what agents were given last at some paths, from the end of a log backwards, and not further
 * than 64 MiB.
 *
 * @returns What was found; nothing where there is no log.
 * @throws {StorageError} if the log is there and cannot be read.
 */
export async function findGivenBefore(
  path: string,
  files: readonly GivenFile[],
): Promise<GivenLookup> {
  const wanted = new Set(files.map(keyOf));
  const found = new Map<string, GivenBefore>();
  if (wanted.size > 0) {
    for await (const line of linesFromEnd(path)) {
      take(line, { wanted, found });
      if (wanted.size === 0) break;
    }
  }
  return (file) => found.get(keyOf(file)) ?? null;
}

function take(
  bytes: Uint8Array,
  { wanted, found }: { readonly wanted: Set<string>; readonly found: Map<string, GivenBefore> },
): void {
  // Most lines are others, and reading each as JSON would take most of the time.
  if (!new TextDecoder().decode(bytes).includes(MARK)) return;
  const line = decodeAuditLine(bytes);
  if (line === null) return;
  const { event, fingerprint, path, contents, size, time } = line;
  const isGiven = event === "given" && typeof fingerprint === "string" &&
    typeof path === "string" && typeof contents === "string" && typeof size === "number";
  if (!isGiven) return;
  const key = keyOf({ agent: fingerprint, path });
  if (wanted.delete(key)) found.set(key, { contents, size, time });
}

/** Yields the lines of a file, the last one first; what has no end yet is left out. */
async function* linesFromEnd(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    const firstByte = Math.max(0, size - MAX_GIVEN_SCAN_BYTES);
    // The end of a line that begins before the last piece that was read.
    let rest: Uint8Array = new Uint8Array();
    for (let end = size; end > firstByte && rest.length <= MAX_LINE_BYTES;) {
      const start = Math.max(firstByte, end - READ_BUFFER_BYTES);
      const piece = new Uint8Array(end - start + rest.length);
      await readAt(file, { offset: start, into: piece.subarray(0, end - start) });
      piece.set(rest, end - start);
      const firstNewline = piece.indexOf(NEWLINE);
      const cut = start === 0 ? 0 : firstNewline < 0 ? piece.length : firstNewline + 1;
      yield* linesOf(piece.subarray(cut));
      rest = piece.subarray(0, cut);
      end = start;
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw storageError(error, `read ${JSON.stringify(path)}`);
  }
}

/** Cuts bytes that begin with a line into lines, the last one first. */
function* linesOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  let stop = bytes.lastIndexOf(NEWLINE);
  while (stop > 0) {
    const start = bytes.lastIndexOf(NEWLINE, stop - 1) + 1;
    yield bytes.subarray(start, stop);
    stop = start - 1;
  }
}

async function readAt(
  file: Deno.FsFile,
  { offset, into }: { readonly offset: number; readonly into: Uint8Array },
): Promise<void> {
  await file.seek(offset, Deno.SeekMode.Start);
  for (let done = 0; done < into.length;) {
    const read = await file.read(into.subarray(done));
    if (read === null) throw new StorageError("file-changed", "it became shorter meanwhile");
    done += read;
  }
}
