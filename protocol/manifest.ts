/**
 * The manifest: what one agent should hold, one JSON object a line (spec, section 8).
 *
 * The bytes are canonical, so that the same list always has the same digest, and what parses encodes
 * to the same bytes again.
 *
 * @module
 */
import { type Bytes, decodeUtf8, encodeUtf8 } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import { MAX_MANIFEST_BYTES, MAX_MANIFEST_LINE_BYTES, MAX_MANIFEST_LINES } from "./limits.ts";
import { compareUtf8 } from "./text_order.ts";
import { checkManifest } from "./manifest_check.ts";
import type {
  DeclaredCertificate,
  Hook,
  Manifest,
  ManifestEntry,
  Service,
} from "./manifest_entry.ts";
import {
  decodeManifestLine,
  encodeManifestLine,
  manifestError,
  type ManifestLine,
} from "./manifest_line.ts";

const NEWLINE = 0x0a;
/** The order of the kinds of lines. */
const RANK: Readonly<Record<ManifestLine["kind"], number>> = {
  wipe: 0,
  hook: 1,
  certificate: 2,
  service: 3,
  entry: 4,
};

const SURROGATE = /[\ud800-\udfff]/;

function keyOf(line: ManifestLine): string {
  switch (line.kind) {
    case "entry":
      return line.entry.path;
    case "certificate":
      return line.certificate.name;
    case "hook":
      return line.hook.name;
    case "service":
      return line.service.name;
    case "wipe":
      return "";
  }
}

function compareLines(a: ManifestLine, b: ManifestLine): number {
  return RANK[a.kind] - RANK[b.kind] || compareUtf8(keyOf(a), keyOf(b));
}

/** Returns entries in the order in which the manifest has them. */
export function sortEntries(entries: readonly ManifestEntry[]): ManifestEntry[] {
  return sortBy(entries, ({ path }) => path);
}

/** Sorts; without surrogates the order of the platform is that of the bytes, and takes less time. */
function sortBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  if (items.some((item) => SURROGATE.test(keyOf(item)))) {
    return [...items].sort((a, b) => compareUtf8(keyOf(a), keyOf(b)));
  }
  return [...items].sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

function linesOf(
  { entries, hooks, certificates = [], services = [], isWipe }: Manifest,
): ManifestLine[] {
  return [
    ...(isWipe ? [{ kind: "wipe" } as const] : []),
    ...hooks.map((hook): ManifestLine => ({ kind: "hook", hook })),
    ...certificates.map((certificate): ManifestLine => ({ kind: "certificate", certificate })),
    ...services.map((service): ManifestLine => ({ kind: "service", service })),
    ...entries.map((entry): ManifestLine => ({ kind: "entry", entry: asDeclared(entry) })),
  ];
}

/** Returns the entry that stands in the manifest, whatever a store takes in its place. */
function asDeclared(entry: ManifestEntry): ManifestEntry {
  return (entry.kind === "file" || entry.kind === "keep" ? entry.issued : undefined) ?? entry;
}

function checkSize(bytes: Bytes): void {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw manifestError("it is too long", "manifest-too-large");
  }
  let lines = 0;
  for (let at = -1; (at = bytes.indexOf(NEWLINE, at + 1)) >= 0;) lines++;
  if (lines > MAX_MANIFEST_LINES) {
    throw manifestError("it has too many lines", "manifest-too-large");
  }
}

/** A manifest in the form that is sent and signed. */
export interface EncodedManifest {
  /** The lines, each with its newline. */
  readonly bytes: Bytes;
  /** The SHA-256 of the bytes: 32 bytes. */
  readonly digest: Bytes;
}

/** The options of {@linkcode encodeManifest}. */
export interface EncodeManifestOptions {
  /** The hooks that the entries name. @default {[]} */
  readonly hooks?: readonly Hook[];
  /** The certificates that the entries name. @default {[]} */
  readonly certificates?: readonly DeclaredCertificate[];
  /** The services that the agent runs. @default {[]} */
  readonly services?: readonly Service[];
  /** Whether the agent removes all that it was ever given. @default {false} */
  readonly isWipe?: boolean;
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
 * console.assert(decodeManifest(bytes).entries[0]?.path === "db.password");
 * ```
 */
export async function encodeManifest(
  entries: readonly ManifestEntry[],
  options: EncodeManifestOptions = {},
): Promise<EncodedManifest> {
  const { hooks = [], certificates = [], services = [], isWipe = false } = options;
  const inOrder = sortBy(entries, ({ path }) => path);
  checkManifest({ entries: inOrder, hooks, certificates, services, isWipe });
  const byName = ({ name }: { readonly name: string }) => name;
  const manifest: Manifest = {
    entries: inOrder,
    hooks: sortBy(hooks, byName),
    certificates: sortBy(certificates, byName),
    services: sortBy(services, byName),
    isWipe,
  };
  const lines = linesOf(manifest).map(encodeManifestLine);
  const bytes = encodeUtf8(lines.map((line) => line + "\n").join(""));
  checkSize(bytes);
  return { bytes, digest: await sha256Digest(bytes) };
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

function fail(reason: string): never {
  throw manifestError(reason);
}

function readText(bytes: Bytes): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    fail("it is not UTF-8");
  }
}

/** A manifest that was read before. */
export interface ReadManifest {
  /** Its bytes. */
  readonly bytes: Bytes;
  /** What they say. */
  readonly manifest: Manifest;
}

/**
 * Reads a manifest.
 *
 * @throws {ProtocolError} `manifest-malformed` for anything but the canonical bytes of a list of
 * well-formed, distinct paths; `manifest-too-large`.
 *
 * @example
 * ```ts
 * import { decodeManifest, encodeManifest, ProtocolError } from "@fluxvault/fluxvault/protocol";
 *
 * const folder = { kind: "folder", path: "tls", mode: 0o700, strategy: "STRICT" } as const;
 * const { bytes } = await encodeManifest([folder]);
 * console.assert(decodeManifest(bytes).entries[0]?.kind === "folder");
 * try {
 *   decodeManifest(new Uint8Array([...bytes, 0x20])); // A space that says nothing.
 *   console.assert(false);
 * } catch (error) {
 *   console.assert(error instanceof ProtocolError && error.code === "manifest-malformed");
 * }
 * ```
 */
export function decodeManifest(bytes: Bytes): Manifest {
  checkSize(bytes);
  return gather(readLines(bytes));
}

/**
 * Reads a manifest of which most was read before: the lines that stand in both are the same objects
 * again, and take a tenth of the time.
 *
 * @throws {ProtocolError} as {@linkcode decodeManifest}.
 */
export function decodeManifestBeside(known: ReadManifest, bytes: Bytes): Manifest {
  checkSize(bytes);
  return gather(rereadLines(bytes, known));
}

function gather(lines: Iterable<ManifestLine>): Manifest {
  const entries: ManifestEntry[] = [];
  const hooks: Hook[] = [];
  const certificates: DeclaredCertificate[] = [];
  const services: Service[] = [];
  let isWipe = false;
  let last: ManifestLine | null = null;
  for (const line of lines) {
    if (last !== null && compareLines(last, line) >= 0) fail("its lines are not in order");
    last = line;
    if (line.kind === "entry") entries.push(line.entry);
    else if (line.kind === "hook") hooks.push(line.hook);
    else if (line.kind === "certificate") certificates.push(line.certificate);
    else if (line.kind === "service") services.push(line.service);
    else isWipe = true;
  }
  const manifest: Manifest = {
    entries,
    hooks,
    ...(certificates.length === 0 ? {} : { certificates }),
    ...(services.length === 0 ? {} : { services }),
    isWipe,
  };
  checkManifest(manifest);
  return manifest;
}

function* readLines(bytes: Bytes): Generator<ManifestLine> {
  const texts = readText(bytes).split("\n");
  if (texts.pop() !== "") fail("it does not end in a newline");
  for (const text of texts) yield decodeManifestLine(text);
}

/** Reads lines of which most stand in a manifest that was read before, in the same order. */
function* rereadLines(bytes: Bytes, known: ReadManifest): Generator<ManifestLine> {
  const before = linesOf(known.manifest)[Symbol.iterator]();
  let next: ManifestLine | undefined = before.next().value;
  let nextStart = 0;
  const pass = () => {
    next = before.next().value;
    nextStart = known.bytes.indexOf(NEWLINE, nextStart) + 1;
  };
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start) + 1;
    if (end === 0) fail("it does not end in a newline");
    const text = bytes.subarray(start, end);
    let line = next;
    if (line === undefined || !isLineAt(known.bytes, nextStart, text)) {
      line = decodeManifestLine(readText(text.subarray(0, -1)));
      // What comes before it stands in the other alone.
      while (next !== undefined && compareLines(next, line) < 0) pass();
      if (next !== undefined && isLineAt(known.bytes, nextStart, text)) line = next;
    }
    yield line;
    if (next !== undefined && (next === line || compareLines(next, line) === 0)) pass();
    start = end;
  }
}

/** Tells whether a line, with its newline, stands in bytes at a place where a line begins. */
function isLineAt(bytes: Bytes, start: number, line: Bytes): boolean {
  for (let i = 0; i < line.length; i++) if (bytes[start + i] !== line[i]) return false;
  return true;
}
