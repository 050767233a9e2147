/**
 * One line of a manifest: what it may say, and the one way to write it (spec, section 8).
 *
 * @module
 */
import { APP_NAME_KEY } from "./app_name.ts";
import { encodeHex, encodeUtf8 } from "./bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { ProtocolError } from "./errors.ts";
import {
  MAX_FILE_BYTES,
  MAX_HOOK_TIMEOUT_S,
  MAX_LEASE_S,
  MAX_MANIFEST_LINE_BYTES,
  MAX_READERS,
} from "./limits.ts";
import type {
  DeclaredCertificate,
  FileEntry,
  FileStrategy,
  FolderEntry,
  FolderStrategy,
  Hook,
  HookAction,
  ManifestEntry,
  Service,
} from "./manifest_entry.ts";
import { certificateMembers, issuedMembers, readCertificate, readIssued } from "./issued_line.ts";
import { readService, serviceMembers } from "./service_line.ts";
import {
  addOwner,
  LINE_NAME,
  type Members,
  readCommand,
  readHookName,
  readOwner,
  SIGNAL_NAME,
} from "./line_members.ts";
import { MessageFields } from "./message_fields.ts";

/** What one line says. */
export type ManifestLine =
  | { readonly kind: "entry"; readonly entry: ManifestEntry }
  | { readonly kind: "hook"; readonly hook: Hook }
  | { readonly kind: "certificate"; readonly certificate: DeclaredCertificate }
  | { readonly kind: "service"; readonly service: Service }
  | { readonly kind: "wipe" };

const KIND = /^(?:file|folder|keep|issued|hook|certificate|service|wipe)$/;
const FILE_STRATEGY = /^(?:STRICT|ENSURE_CREATED)$/;
const FOLDER_STRATEGY = /^(?:STRICT|ALLOW_ADDS|ENSURE_CREATED)$/;
const ANY_TEXT = /^/;

/** Makes an error about a manifest that cannot be used. */
export function manifestError(
  reason: string,
  code: "manifest-malformed" | "manifest-too-large" = "manifest-malformed",
): ProtocolError {
  return new ProtocolError(code, `the manifest cannot be used: ${reason}`);
}

/** Tells whether a text can name a hook. */
export function isHookName(text: string): boolean {
  return LINE_NAME.test(text);
}

/** Tells whether a text can name a signal. */
export function isSignalName(text: string): boolean {
  return SIGNAL_NAME.test(text);
}

/** Refuses a list of readers that is not the one way to write it. */
function checkReaders(readers: readonly string[]): void {
  const isSound = readers.length <= MAX_READERS && readers.every((name, i) => {
    return APP_NAME_KEY.test(name) && (i === 0 || (readers[i - 1] ?? "") < name);
  });
  if (!isSound) throw manifestError("the readers of a file are not in order");
}

function fileMembers(entry: FileEntry): Members {
  const { path, digest, size, mode, strategy, inPlace, leaseS, hook, readers } = entry;
  const members: Members = {
    Path: path,
    Kind: "file",
    Digest: digest,
    Size: size,
    Mode: mode,
    Strategy: strategy,
  };
  addOwner(members, entry);
  if (inPlace === true) members["InPlace"] = true;
  if (leaseS !== undefined) members["LeaseS"] = leaseS;
  if (hook !== undefined) members["Hook"] = hook;
  if (readers !== undefined) members["Readers"] = readers;
  return members;
}

function folderMembers(entry: FolderEntry): Members {
  const { path, mode, strategy, together, hook } = entry;
  const members: Members = { Path: path, Kind: "folder", Mode: mode, Strategy: strategy };
  addOwner(members, entry);
  if (together === true) members["Together"] = true;
  if (hook !== undefined) members["Hook"] = hook;
  return members;
}

function actionMembers(action: HookAction): Members {
  switch (action.kind) {
    case "touch":
      return { Touch: action.path };
    case "run":
      return { Run: action.command };
    case "signal":
      return {
        Signal: action.signal,
        ...(action.pidFile === null ? {} : { PidFile: action.pidFile }),
      };
  }
}

function entryMembers(entry: ManifestEntry): Members {
  switch (entry.kind) {
    case "file":
      return fileMembers(entry);
    case "folder":
      return folderMembers(entry);
    case "issued":
      return issuedMembers(entry);
    case "keep":
      return { Path: entry.path, Kind: "keep" };
  }
}

function membersOf(line: ManifestLine): Members {
  switch (line.kind) {
    case "wipe":
      return { Kind: "wipe" };
    case "hook": {
      const { name, action, timeoutS } = line.hook;
      return { Kind: "hook", Name: name, ...actionMembers(action), TimeoutS: timeoutS };
    }
    case "certificate":
      return certificateMembers(line.certificate);
    case "service":
      return serviceMembers(line.service);
    case "entry":
      return entryMembers(line.entry);
  }
}

/** Tells whether a text exceeds a length in UTF-8; most texts need not be encoded to know. */
function exceeds(text: string, maxBytes: number): boolean {
  return text.length > maxBytes ||
    (3 * text.length > maxBytes && encodeUtf8(text).length > maxBytes);
}

/**
 * Writes a line, without its newline.
 *
 * @throws {ProtocolError} `manifest-too-large` where it exceeds 4,096 bytes with it;
 * `manifest-malformed` where the readers of a file are not in lower case and ascending.
 */
export function encodeManifestLine(line: ManifestLine): string {
  if (line.kind === "entry" && line.entry.kind === "file") checkReaders(line.entry.readers ?? []);
  const text = JSON.stringify(membersOf(line));
  if (exceeds(text, MAX_MANIFEST_LINE_BYTES - 1)) {
    throw manifestError("a line is too long", "manifest-too-large");
  }
  return text;
}

function readReaders(fields: MessageFields): { readonly readers?: readonly string[] } {
  if (!fields.has("Readers")) return {};
  const readers = fields.texts("Readers", { pattern: APP_NAME_KEY, max: MAX_READERS });
  checkReaders(readers);
  return { readers };
}

function readFile(fields: MessageFields): FileEntry {
  const leaseS = fields.optionalInteger("LeaseS", { min: 1, max: MAX_LEASE_S });
  return {
    kind: "file",
    path: fields.text("Path", ANY_TEXT),
    digest: encodeHex(fields.hex("Digest", DIGEST_BYTES)),
    size: fields.integer("Size", { max: MAX_FILE_BYTES }),
    strategy: fields.text("Strategy", FILE_STRATEGY) as FileStrategy,
    ...readOwner(fields),
    ...(fields.raw("InPlace") === true ? { inPlace: true } : {}),
    ...(leaseS === null ? {} : { leaseS }),
    ...readHookName(fields),
    ...readReaders(fields),
  };
}

function readFolder(fields: MessageFields): FolderEntry {
  return {
    kind: "folder",
    path: fields.text("Path", ANY_TEXT),
    strategy: fields.text("Strategy", FOLDER_STRATEGY) as FolderStrategy,
    ...readOwner(fields),
    ...(fields.raw("Together") === true ? { together: true } : {}),
    ...readHookName(fields),
  };
}

function readAction(fields: MessageFields): HookAction {
  if (fields.has("Touch")) return { kind: "touch", path: fields.text("Touch", ANY_TEXT) };
  if (fields.has("Run")) {
    const command = readCommand(fields, "Run");
    if (command === null) throw manifestError("a hook cannot run what it names");
    return { kind: "run", command };
  }
  const signal = fields.text("Signal", SIGNAL_NAME);
  return { kind: "signal", signal, pidFile: fields.optionalText("PidFile", ANY_TEXT) };
}

function readLine(fields: MessageFields): ManifestLine {
  switch (fields.text("Kind", KIND)) {
    case "wipe":
      return { kind: "wipe" };
    case "hook":
      return {
        kind: "hook",
        hook: {
          name: fields.text("Name", LINE_NAME),
          action: readAction(fields),
          timeoutS: fields.integer("TimeoutS", { min: 1, max: MAX_HOOK_TIMEOUT_S }),
        },
      };
    case "certificate":
      return { kind: "certificate", certificate: readCertificate(fields) };
    case "service":
      return { kind: "service", service: readService(fields) };
    case "issued":
      return { kind: "entry", entry: readIssued(fields) };
    case "file":
      return { kind: "entry", entry: readFile(fields) };
    case "folder":
      return { kind: "entry", entry: readFolder(fields) };
    default:
      return { kind: "entry", entry: { kind: "keep", path: fields.text("Path", ANY_TEXT) } };
  }
}

/**
 * Reads a line, given without its newline.
 *
 * @throws {ProtocolError} `manifest-malformed` for anything but the one way to write what it says.
 */
export function decodeManifestLine(text: string): ManifestLine {
  if (exceeds(text, MAX_MANIFEST_LINE_BYTES - 1)) throw manifestError("a line is too long");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The platform's message quotes the text.
    throw manifestError("a line is not JSON");
  }
  let line: ManifestLine;
  try {
    line = readLine(new MessageFields(value, "a line of the manifest"));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new ProtocolError("manifest-malformed", cause.message, { cause });
  }
  if (JSON.stringify(membersOf(line)) !== text) throw manifestError("a line is not canonical");
  return line;
}
