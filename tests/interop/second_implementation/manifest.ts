/**
 * Paths and manifests: section 8.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";
import { sha256 } from "./key_schedule.ts";
import {
  type Check,
  command,
  hookName,
  matching,
  mode,
  owner,
  path,
  text,
  whole,
  yes,
} from "./members.ts";
import { checkService, SERVICE_MEMBERS, type ServiceLine } from "./services.ts";

/** A file that the agent should hold. */
export interface FileLine {
  /** Where. */
  readonly Path: string;
  /** Tells what the line is. */
  readonly Kind: "file";
  /** SHA-256 of its contents, in hex. */
  readonly Digest: string;
  /** In bytes. */
  readonly Size: number;
  /** Permission bits. */
  readonly Mode: number;
  /** When it is given. */
  readonly Strategy: "STRICT" | "ENSURE_CREATED";
  /** The user. */
  readonly Uid?: number;
  /** The group. */
  readonly Gid?: number;
  /** Whether it is written over. */
  readonly InPlace?: true;
  /** How long it stays without a delivery. */
  readonly LeaseS?: number;
  /** What tells of its changes. */
  readonly Hook?: string;
  /** The components that it is served to. */
  readonly Readers?: readonly string[];
}

/** A folder that the agent should hold. */
export interface FolderLine {
  /** Where. */
  readonly Path: string;
  /** Tells what the line is. */
  readonly Kind: "folder";
  /** Permission bits. */
  readonly Mode: number;
  /** What may be in it. */
  readonly Strategy: "STRICT" | "ALLOW_ADDS" | "ENSURE_CREATED";
  /** The user. */
  readonly Uid?: number;
  /** The group. */
  readonly Gid?: number;
  /** Whether it is exchanged at once. */
  readonly Together?: true;
  /** What tells of its changes. */
  readonly Hook?: string;
}

/** A file whose contents come of a certificate. */
export interface IssuedLine {
  /** Where. */
  readonly Path: string;
  /** Tells what the line is. */
  readonly Kind: "issued";
  /** The name of the certificate. */
  readonly Certificate: string;
  /** What of it. */
  readonly Part: "key" | "certificate" | "chain" | "root";
  /** Permission bits. */
  readonly Mode: number;
  /** When it is given. */
  readonly Strategy: "STRICT";
  /** The user. */
  readonly Uid?: number;
  /** The group. */
  readonly Gid?: number;
  /** Whether it is written over. */
  readonly InPlace?: true;
  /** What tells of its changes. */
  readonly Hook?: string;
}

/** What the agent leaves as it is. */
export interface KeepLine {
  /** Where. */
  readonly Path: string;
  /** Tells what the line is. */
  readonly Kind: "keep";
}

/** A hook. */
export interface HookLine {
  /** Tells what the line is. */
  readonly Kind: "hook";
  /** Its name. */
  readonly Name: string;
  /** The file that it touches. */
  readonly Touch?: string;
  /** The program that it runs. */
  readonly Run?: readonly string[];
  /** The signal that it sends. */
  readonly Signal?: string;
  /** The file with the number of the process that gets it. */
  readonly PidFile?: string;
  /** How long it may take. */
  readonly TimeoutS: number;
}

/** A certificate for the application. */
export interface CertificateLine {
  /** Tells what the line is. */
  readonly Kind: "certificate";
  /** Its name. */
  readonly Name: string;
  /** The kind of its key. */
  readonly Key: "P-256" | "P-384" | "Ed25519";
  /** What stands for all else that is certified. */
  readonly Terms: string;
}

/** The one line of a manifest that removes all. */
export interface WipeLine {
  /** Tells what the line is. */
  readonly Kind: "wipe";
}

/** A line with a path. */
export type EntryLine = FileLine | FolderLine | IssuedLine | KeepLine;
/** Any line. */
export type Line = EntryLine | HookLine | CertificateLine | ServiceLine | WipeLine;

/** A file as the keeper holds it. */
export interface VaultFile {
  /** Its contents. */
  readonly contents: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** When it is given. */
  readonly strategy: FileLine["Strategy"];
  /** The hook of the file. */
  readonly hook?: string;
  /** Whether it may be compressed on its way. */
  readonly compress?: boolean;
}

const MAX_LINE_BYTES = 4096;
const MAX_BYTES = 33_554_432;
const MAX_HOOKS = 1024;
const MAX_CERTIFICATES = 64;

const readers: Check = (value) =>
  Array.isArray(value) && value.length <= 24 &&
  value.every((name, i) =>
    matching(/^(?!-)[a-z0-9-]{1,63}(?<!-)$/)(name) && (i === 0 || value[i - 1] < name)
  );

/** The members of each kind of line in their order; a question mark is for those that may be absent. */
const MEMBERS: Readonly<Record<Line["Kind"], readonly (readonly [string, Check])[]>> = {
  wipe: [["Kind", text]],
  hook: [
    ["Kind", text],
    ["Name", hookName],
    ["Touch?", path],
    ["Run?", command],
    ["Signal?", matching(/^SIG[A-Z][A-Z0-9]{0,15}$/)],
    ["PidFile?", path],
    ["TimeoutS", whole(1, 3600)],
  ],
  file: [
    ["Path", path],
    ["Kind", text],
    ["Digest", matching(/^[0-9a-f]{64}$/)],
    ["Size", whole(0, 2 ** 40)],
    ["Mode", mode],
    ["Strategy", matching(/^(STRICT|ENSURE_CREATED)$/)],
    ["Uid?", owner],
    ["Gid?", owner],
    ["InPlace?", yes],
    ["LeaseS?", whole(1, 31_622_400)],
    ["Hook?", hookName],
    ["Readers?", readers],
  ],
  folder: [
    ["Path", path],
    ["Kind", text],
    ["Mode", mode],
    ["Strategy", matching(/^(STRICT|ALLOW_ADDS|ENSURE_CREATED)$/)],
    ["Uid?", owner],
    ["Gid?", owner],
    ["Together?", yes],
    ["Hook?", hookName],
  ],
  issued: [
    ["Path", path],
    ["Kind", text],
    ["Certificate", hookName],
    ["Part", matching(/^(key|certificate|chain|root)$/)],
    ["Mode", mode],
    ["Strategy", matching(/^STRICT$/)],
    ["Uid?", owner],
    ["Gid?", owner],
    ["InPlace?", yes],
    ["Hook?", hookName],
  ],
  certificate: [
    ["Kind", text],
    ["Name", hookName],
    ["Key", matching(/^(P-256|P-384|Ed25519)$/)],
    ["Terms", matching(/^[0-9a-f]{64}$/)],
  ],
  service: SERVICE_MEMBERS,
  keep: [["Path", path], ["Kind", text]],
};

function parseLine(text: string): Line {
  require(Buffer.byteLength(text) + 1 <= MAX_LINE_BYTES, "manifest-malformed", "a long line");
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Failure("manifest-malformed", "not JSON");
  }
  require(typeof given === "object" && given !== null, "manifest-malformed");
  const kind = given.Kind as Line["Kind"];
  require(typeof kind === "string" && Object.hasOwn(MEMBERS, kind), "manifest-malformed", "kind");
  const line: Record<string, unknown> = {};
  for (const [name, check] of MEMBERS[kind]) {
    const member = name.replace("?", "");
    const value = given[member];
    if (value === undefined && name.endsWith("?")) continue;
    require(check(value), "manifest-malformed", member);
    line[member] = value;
  }
  require(JSON.stringify(line) === text, "manifest-malformed", "not canonical");
  if (kind === "hook") {
    const actions = [line.Touch, line.Run, line.Signal].filter((action) => action !== undefined);
    require(actions.length === 1, "manifest-malformed", "what a hook does");
    const isWhole = line.PidFile === undefined || line.Signal !== undefined;
    require(isWhole, "manifest-malformed", "PidFile");
  }
  if (kind === "service") checkService(line as unknown as ServiceLine);
  return line as unknown as Line;
}

const RANKS: Readonly<Record<Line["Kind"], number>> = {
  ...{ wipe: 0, hook: 1, certificate: 2, service: 3 },
  ...{ file: 4, folder: 4, issued: 4, keep: 4 },
};

function keyOf(line: Line): Buffer {
  const name = "Path" in line ? line.Path : "Name" in line ? line.Name : "";
  return Buffer.concat([Buffer.from([RANKS[line.Kind]]), Buffer.from(name)]);
}

/** What is above a path, as far as it has lines of its own. */
function* linesAbove(path: string, entries: ReadonlyMap<string, EntryLine>): Generator<EntryLine> {
  for (let end = path.indexOf("/", 1); end > 0; end = path.indexOf("/", end + 1)) {
    const above = entries.get(path.slice(0, end));
    if (above !== undefined) yield above;
  }
}

function isSet(line: EntryLine): boolean {
  return line.Kind === "folder" && line.Together === true;
}

function checkTogether(lines: readonly Line[]): void {
  const entries = entriesOf(lines);
  const hooks = new Set(hooksOf(lines).map(({ Name }) => Name));
  require(hooks.size <= MAX_HOOKS, "manifest-malformed", "too many hooks");
  const names = lines.flatMap((line) => line.Kind === "certificate" ? [line.Name] : []);
  require(names.length <= MAX_CERTIFICATES, "manifest-malformed", "too many certificates");
  const services = lines.filter(({ Kind }) => Kind === "service");
  require(services.length <= 32, "manifest-malformed", "too many services");
  const isWipe = lines.some(({ Kind }) => Kind === "wipe");
  require(!isWipe || lines.length === 1, "manifest-malformed", "a wipe and more");
  for (const entry of entries.values()) {
    if (entry.Kind !== "keep" && entry.Hook !== undefined) {
      require(hooks.has(entry.Hook), "manifest-malformed", "an unknown hook");
    }
    if (entry.Kind === "issued") {
      const isKnown = names.includes(entry.Certificate);
      require(isKnown, "manifest-malformed", "an unknown certificate");
    }
    for (const above of linesAbove(entry.Path, entries)) {
      require(above.Kind === "folder", "manifest-malformed", "something below what is no folder");
      require(!isSet(above) || !isSet(entry), "manifest-malformed", "a set in a set");
    }
  }
}

/** The lines that have a path, by it. */
export function entriesOf(lines: readonly Line[]): Map<string, EntryLine> {
  return new Map(lines.flatMap((line) => "Path" in line ? [[line.Path, line]] : []));
}

/** The hooks. */
export function hooksOf(lines: readonly Line[]): HookLine[] {
  return lines.filter((line) => line.Kind === "hook");
}

/** The manifest of some files, and of what else it says. */
export function composeManifest(
  files: ReadonlyMap<string, VaultFile>,
  more: readonly Line[] = [],
): Buffer {
  const lines = [...files].map(([path, file]): FileLine => ({
    Path: path,
    Kind: "file",
    Digest: sha256(file.contents).toString("hex"),
    Size: file.contents.length,
    Mode: file.mode,
    Strategy: file.strategy,
    ...(file.hook === undefined ? {} : { Hook: file.hook }),
  }));
  const sorted = [...lines, ...more].sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)));
  return Buffer.from(sorted.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** Reads a manifest. */
export function parseManifest(bytes: Buffer): Line[] {
  require(bytes.length <= MAX_BYTES, "manifest-too-large");
  if (bytes.length === 0) return [];
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failure("manifest-malformed", "not UTF-8");
  }
  require(text.endsWith("\n"), "manifest-malformed", "no newline at the end");
  const lines = text.slice(0, -1).split("\n").map(parseLine);
  let previous: Buffer | undefined;
  for (const line of lines) {
    const present = keyOf(line);
    const ascends = previous === undefined || Buffer.compare(previous, present) < 0;
    require(ascends, "manifest-malformed", "order");
    previous = present;
  }
  checkTogether(lines);
  return lines;
}
