/**
 * Paths, manifests and lists of results: section 8.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";
import { sha256 } from "./key_schedule.ts";

/** A file that the agent should hold. */
export interface Entry {
  /** Where. */
  readonly Path: string;
  /** Always this. */
  readonly Kind: "file";
  /** SHA-256 of its contents, in hex. */
  readonly Digest: string;
  /** In bytes. */
  readonly Size: number;
  /** Permission bits. */
  readonly Mode: number;
  /** When it is given. */
  readonly Strategy: "STRICT" | "ENSURE_CREATED";
}

/** A file as the keeper holds it. */
export interface VaultFile {
  /** Its contents. */
  readonly contents: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** When it is given. */
  readonly strategy: Entry["Strategy"];
}

const MAX_LINE_BYTES = 4096;
const MAX_BYTES = 33_554_432;

/** Whether a path may stand in a manifest. */
export function isPath(path: string): boolean {
  if (!path.isWellFormed() || Buffer.byteLength(path) > 1024) return false;
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\\\u2028\u2029]/.test(path)) return false;
  return path.replace(/^\//, "").split("/").every((segment) =>
    segment !== "" && segment !== "." && segment !== ".." &&
    !segment.startsWith(".fluxvault-") && Buffer.byteLength(segment) <= 255
  );
}

/** The manifest of some files. */
export function composeManifest(files: ReadonlyMap<string, VaultFile>): Buffer {
  const paths = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = paths.map((path) => {
    const file = files.get(path) as VaultFile;
    const entry: Entry = {
      Path: path,
      Kind: "file",
      Digest: sha256(file.contents).toString("hex"),
      Size: file.contents.length,
      Mode: file.mode,
      Strategy: file.strategy,
    };
    return `${JSON.stringify(entry)}\n`;
  });
  return Buffer.from(lines.join(""));
}

function parseEntry(line: string): Entry {
  require(Buffer.byteLength(line) + 1 <= MAX_LINE_BYTES, "manifest-malformed", "a long line");
  let entry: Entry;
  try {
    entry = JSON.parse(line);
  } catch {
    throw new Failure("manifest-malformed", "not JSON");
  }
  require(typeof entry === "object" && entry !== null, "manifest-malformed");
  const { Path, Kind, Digest, Size, Mode, Strategy } = entry;
  const canonical = JSON.stringify({ Path, Kind, Digest, Size, Mode, Strategy });
  require(canonical === line, "manifest-malformed", "not canonical");
  require(typeof Path === "string" && isPath(Path), "manifest-malformed", "path");
  require(Kind === "file", "manifest-malformed", "kind");
  require(typeof Digest === "string" && /^[0-9a-f]{64}$/.test(Digest), "manifest-malformed");
  require(Number.isInteger(Size) && Size >= 0 && Size <= 2 ** 40, "manifest-malformed", "size");
  require(Number.isInteger(Mode) && Mode >= 0 && Mode <= 0o777, "manifest-malformed", "mode");
  require(Strategy === "STRICT" || Strategy === "ENSURE_CREATED", "manifest-malformed");
  return entry;
}

/** Reads a manifest. */
export function parseManifest(bytes: Buffer): Entry[] {
  require(bytes.length <= MAX_BYTES, "manifest-too-large");
  if (bytes.length === 0) return [];
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failure("manifest-malformed", "not UTF-8");
  }
  require(text.endsWith("\n"), "manifest-malformed", "no newline at the end");
  const entries = text.slice(0, -1).split("\n").map(parseEntry);
  const paths = new Set<string>();
  let previous: Buffer | undefined;
  for (const { Path } of entries) {
    const present = Buffer.from(Path);
    const ascends = previous === undefined || Buffer.compare(previous, present) < 0;
    require(ascends, "manifest-malformed", "order");
    previous = present;
    for (let end = Path.indexOf("/", 1); end > 0; end = Path.indexOf("/", end + 1)) {
      require(!paths.has(Path.slice(0, end)), "manifest-malformed", "a file as a folder");
    }
    paths.add(Path);
  }
  return entries;
}

/** What became of a file. */
export type Outcome =
  | "created"
  | "updated"
  | "reowned"
  | "removed"
  | "missing"
  | "denied"
  | "changed"
  | "failed";

/** One line of the results. */
export interface Result {
  /** Which file. */
  readonly Path: string;
  /** What became of it. */
  readonly Outcome: Outcome;
  /** Why it failed. */
  readonly Code?: string;
}

/** The numbers of DONE. */
export interface Counts {
  /** New files. */
  Created: number;
  /** Replaced files. */
  Updated: number;
  /** Files and folders whose mode or owner was set right. */
  Reowned: number;
  /** Files and folders that are gone. */
  Removed: number;
  /** Files that were right already. */
  Unchanged: number;
  /** Files that the keeper did not give. */
  Missing: number;
  /** Files that could not be put in place. */
  Failed: number;
}

const COUNTED: Record<Outcome, keyof Counts> = {
  created: "Created",
  updated: "Updated",
  reowned: "Reowned",
  removed: "Removed",
  missing: "Missing",
  denied: "Missing",
  changed: "Failed",
  failed: "Failed",
};

/** Counts results. */
export function countResults(results: readonly Result[], unchanged: number): Counts {
  const counts = {
    Created: 0,
    Updated: 0,
    Reowned: 0,
    Removed: 0,
    Unchanged: unchanged,
    Missing: 0,
    Failed: 0,
  };
  for (const { Outcome } of results) counts[COUNTED[Outcome]]++;
  return counts;
}

/** Composes the stream behind DONE. */
export function composeResults(results: readonly Result[]): Buffer {
  return Buffer.from(results.map((result) => `${JSON.stringify(result)}\n`).join(""));
}

/** Reads it. */
export function parseResults(bytes: Buffer): Result[] {
  const text = bytes.toString();
  require(text === "" || text.endsWith("\n"), "message-malformed", "results");
  return text.split("\n").slice(0, -1).map((line) => {
    try {
      const result = JSON.parse(line);
      require(isPath(result.Path) && result.Outcome in COUNTED, "message-malformed", "a result");
      return result;
    } catch {
      throw new Failure("message-malformed", "a result");
    }
  });
}
