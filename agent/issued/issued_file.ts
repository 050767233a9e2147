/**
 * What was issued for the application, on disk.
 *
 * A file `certificates.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"certificates":[{"declaredBy":"<address>"|null,"name":"web","key":"P-256",
 * "terms":"<64 hex>","renewAtMs":…,"parts":{"key":{"digest":"<64 hex>","size":…},"certificate":…,
 * "chain":…,"root":…}}]}`. No key is in it.
 *
 * @module
 */
import {
  type CertificatePart,
  encodeUtf8,
  type IssuedPart,
  StorageError,
} from "../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../protocol/host/mod.ts";
import { MAX_ISSUED_FILE_BYTES } from "../limits.ts";
import type { IssuedNote } from "./issued_note.ts";

/** The name of the file in the state folder. */
export const ISSUED_FILE_NAME = "certificates.json";

const VERSION = 1;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const KEY = /^(?:P-256|P-384|Ed25519)$/;
const DIGEST = /^[0-9a-f]{64}$/;
const PARTS: readonly CertificatePart[] = ["key", "certificate", "chain", "root"];

/**
 * Reads what was issued.
 *
 * @returns Nothing where none is kept.
 * @throws {StorageError} `state-malformed`, or what the system said.
 */
export async function readIssuedFile(stateFolder: string): Promise<readonly IssuedNote[]> {
  const path = join(stateFolder, ISSUED_FILE_NAME);
  const bytes = await readOptionalFile(path, { maxBytes: MAX_ISSUED_FILE_BYTES });
  if (bytes === null) return [];
  const notes = parse(new TextDecoder().decode(bytes));
  if (notes !== null) return notes;
  throw new StorageError("state-malformed", `${JSON.stringify(path)} is not as it was written`);
}

/**
 * Keeps what was issued in place of what was there.
 *
 * @throws {StorageError} with what the system said.
 */
export async function writeIssuedFile(
  stateFolder: string,
  certificates: readonly IssuedNote[],
): Promise<void> {
  const text = `${JSON.stringify({ version: VERSION, certificates })}\n`;
  await writeFileAtomically(join(stateFolder, ISSUED_FILE_NAME), encodeUtf8(text));
}

function parse(text: string): IssuedNote[] | null {
  try {
    const file: Record<string, unknown> | null = JSON.parse(text);
    if (file?.version !== VERSION || !Array.isArray(file.certificates)) return null;
    return file.certificates.every(isNote) ? file.certificates : null;
  } catch {
    return null;
  }
}

function isNote(item: unknown): item is IssuedNote {
  if (typeof item !== "object" || item === null) return false;
  const { declaredBy, name, key, terms, renewAtMs, parts } = item as Record<string, unknown>;
  return (declaredBy === null || typeof declaredBy === "string") && isText(name, NAME) &&
    isText(key, KEY) && isText(terms, DIGEST) && Number.isSafeInteger(renewAtMs) &&
    typeof parts === "object" && parts !== null &&
    PARTS.every((part) => isPart((parts as Record<string, unknown>)[part]));
}

function isPart(item: unknown): item is IssuedPart {
  if (typeof item !== "object" || item === null) return false;
  const { digest, size } = item as Record<string, unknown>;
  return isText(digest, DIGEST) && Number.isSafeInteger(size);
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}
