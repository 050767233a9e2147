/**
 * The manifest: what one agent should hold, one JSON object a line (spec, section 8).
 *
 * The bytes are canonical, so that the same list always has the same digest, and what parses encodes
 * to the same bytes again.
 *
 * @module
 */
import { type Bytes, encodeHex, encodeUtf8, joinBytes } from "./bytes.ts";
import { DIGEST_BYTES, sha256Digest } from "./digest.ts";
import { ProtocolError } from "./errors.ts";
import { MAX_FILE_BYTES, MAX_MANIFEST_BYTES, MAX_MANIFEST_LINE_BYTES } from "./limits.ts";
import type { FileEntry, FileStrategy } from "./manifest_entry.ts";
import { MessageFields } from "./message_fields.ts";
import { findPathFault } from "./secret_path.ts";

const KIND_FILE = /^file$/;
const STRATEGY = /^(?:STRICT|ENSURE_CREATED)$/;
const ANY_TEXT = /^/;
const NEWLINE = 0x0a;

function encodeEntry(entry: FileEntry): Bytes {
  const { path, digest, size, mode, strategy } = entry;
  const members = {
    Path: path,
    Kind: "file",
    Digest: digest,
    Size: size,
    Mode: mode,
    Strategy: strategy,
  };
  const line = encodeUtf8(JSON.stringify(members) + "\n");
  if (line.length > MAX_MANIFEST_LINE_BYTES) fail("a line is too long", "manifest-too-large");
  return line;
}

function fail(
  reason: string,
  code: "manifest-malformed" | "manifest-too-large" = "manifest-malformed",
): never {
  throw new ProtocolError(code, `the manifest cannot be used: ${reason}`);
}

/** Orders entries by the bytes of their paths in UTF-8, which is the order of code points. */
function comparePaths(a: FileEntry, b: FileEntry): number {
  const [left, right] = [a.path, b.path];
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [left.charCodeAt(i), right.charCodeAt(i)];
    // Surrogates stand for code points above all that one unit can hold.
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** Refuses a list in which a path stands twice or one file would have to be another's folder. */
function checkPaths(entries: readonly FileEntry[]): void {
  const paths = new Set<string>();
  for (const { path } of entries) {
    const fault = findPathFault(path);
    if (fault !== null) fail(`a path ${fault}`);
    if (paths.has(path)) fail("a path stands twice");
    paths.add(path);
  }
  for (const path of paths) {
    for (let i = path.indexOf("/", 1); i > 0; i = path.indexOf("/", i + 1)) {
      if (paths.has(path.slice(0, i))) fail("a file is the folder of another");
    }
  }
}

/** A manifest in the form that is sent and signed. */
export interface EncodedManifest {
  /** The lines, each with its newline. */
  readonly bytes: Bytes;
  /** The SHA-256 of the bytes: 32 bytes. */
  readonly digest: Bytes;
}

/**
 * Writes a manifest; the order of the entries does not matter.
 *
 * @throws {ProtocolError} `manifest-malformed`, `manifest-too-large`.
 *
 * @example
 * ```ts
 * import { decodeManifest, encodeManifest } from "@fluxvault/fluxvault/protocol";
 *
 * const entry = {
 *   kind: "file",
 *   path: "db.password",
 *   digest: "00".repeat(32),
 *   size: 16,
 *   mode: 0o600,
 *   strategy: "STRICT",
 * } as const;
 * const { bytes } = await encodeManifest([entry]);
 * console.assert(decodeManifest(bytes)[0]?.path === "db.password");
 * ```
 */
export async function encodeManifest(entries: readonly FileEntry[]): Promise<EncodedManifest> {
  checkPaths(entries);
  const bytes = joinBytes([...entries].sort(comparePaths).map(encodeEntry));
  if (bytes.length > MAX_MANIFEST_BYTES) fail("it is too long", "manifest-too-large");
  return { bytes, digest: await sha256Digest(bytes) };
}

function decodeEntry(line: Bytes): FileEntry {
  const fields = MessageFields.parse(line, "a line of the manifest");
  fields.text("Kind", KIND_FILE);
  return {
    kind: "file",
    path: fields.text("Path", ANY_TEXT),
    digest: encodeHex(fields.hex("Digest", DIGEST_BYTES)),
    size: fields.integer("Size", { max: MAX_FILE_BYTES }),
    mode: fields.integer("Mode", { max: 0o777 }),
    strategy: fields.text("Strategy", STRATEGY) as FileStrategy,
  };
}

/** Cuts bytes into lines, each with its newline. */
export function splitLines(bytes: Bytes, fail: (reason: string) => never): Bytes[] {
  const lines: Bytes[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) fail("it does not end in a newline");
    if (end + 1 - start > MAX_MANIFEST_LINE_BYTES) fail("a line is too long");
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  return lines;
}

/**
 * Reads a manifest.
 *
 * @throws {ProtocolError} `manifest-malformed` for anything but the canonical bytes of a list of
 * well-formed, distinct paths; `manifest-too-large`.
 */
export function decodeManifest(bytes: Bytes): FileEntry[] {
  if (bytes.length > MAX_MANIFEST_BYTES) fail("it is too long", "manifest-too-large");
  const entries: FileEntry[] = [];
  for (const line of splitLines(bytes, fail)) {
    let entry: FileEntry;
    try {
      entry = decodeEntry(line);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw new ProtocolError("manifest-malformed", cause.message, { cause });
    }
    const last = entries.at(-1);
    if (last !== undefined && comparePaths(last, entry) >= 0) fail("its lines are not in order");
    const canonical = encodeEntry(entry);
    if (canonical.length !== line.length || !canonical.every((byte, i) => byte === line[i])) {
      fail("a line is not canonical");
    }
    entries.push(entry);
  }
  checkPaths(entries);
  return entries;
}
