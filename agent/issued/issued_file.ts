/**
 * What was issued for the application, on disk.
 *
 * A file `certificates.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"certificates":[{"declaredBy":"<address>"|null,"name":"web","key":"P-256",
 * "terms":"<64 hex>","renewAtMs":<Unix ms>,"parts":{"key":{"digest":"<64 hex>","size":<bytes>},
 * "certificate":{},"chain":{},"root":{}}}]}`. No key is in it.
 *
 * @module
 */
import {
  type CertificatePart,
  encodeUtf8,
  type IssuedPart,
  type Logger,
} from "../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../protocol/host/mod.ts";
import { MAX_ISSUED_FILE_BYTES } from "../limits.ts";
import type { IssuedJournal, IssuedNote } from "./issued_note.ts";

/** The name of the file in the state folder. */
export const ISSUED_FILE_NAME = "certificates.json";

const VERSION = 1;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const KEY = /^(?:P-256|P-384|Ed25519)$/;
const DIGEST = /^[0-9a-f]{64}$/;
const PARTS: readonly CertificatePart[] = ["key", "certificate", "chain", "root"];

/**
 * Opens what is remembered of what was issued; where that cannot be read, it is issued anew.
 *
 * @param stateFolder The state folder, or `null` to keep everything in memory.
 */
export async function openIssuedJournal(
  stateFolder: string | null,
  logger: Logger,
): Promise<IssuedJournal> {
  if (stateFolder === null) return { known: [], save: () => Promise.resolve() };
  const path = join(stateFolder, ISSUED_FILE_NAME);
  return { known: await readIssued(path, logger), save: (notes) => writeIssued(path, notes) };
}

async function readIssued(path: string, logger: Logger): Promise<readonly IssuedNote[]> {
  try {
    const bytes = await readOptionalFile(path, { maxBytes: MAX_ISSUED_FILE_BYTES });
    return bytes === null ? [] : parse(new TextDecoder().decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn("what was issued for the application is not known, and is issued anew", {
      reason,
    });
    return [];
  }
}

async function writeIssued(path: string, certificates: readonly IssuedNote[]): Promise<void> {
  const text = `${JSON.stringify({ version: VERSION, certificates })}\n`;
  await writeFileAtomically(path, encodeUtf8(text));
}

function parse(text: string): IssuedNote[] {
  const file: unknown = JSON.parse(text);
  const { version, certificates } = (file ?? {}) as Record<string, unknown>;
  if (version === VERSION && Array.isArray(certificates) && certificates.every(isNote)) {
    return certificates;
  }
  throw new Error("it is malformed");
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
