/**
 * The renewals of leases on disk.
 *
 * A file `leases.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"renewals":[["<address>"|null,<Unix milliseconds>]]}`.
 *
 * @module
 */
import { encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../../protocol/host/mod.ts";
import { MAX_SMALL_STATE_FILE_BYTES } from "../../limits.ts";
import type { Renewal } from "./lease_book.ts";

/** The name of the file in the state folder. */
export const LEASE_FILE_NAME = "leases.json";

const VERSION = 1;

/**
 * Reads the renewals.
 *
 * @returns None where none are kept.
 * @throws {StorageError} `state-malformed`, or what the system said.
 */
export async function readLeaseFile(stateFolder: string): Promise<readonly Renewal[]> {
  const path = join(stateFolder, LEASE_FILE_NAME);
  const bytes = await readOptionalFile(path, { maxBytes: MAX_SMALL_STATE_FILE_BYTES });
  if (bytes === null) return [];
  const renewals = parse(new TextDecoder().decode(bytes));
  if (renewals !== null) return renewals;
  throw new StorageError("state-malformed", `${JSON.stringify(path)} is not as it was written`);
}

/**
 * Keeps the renewals in place of those that were there.
 *
 * @throws {StorageError} with what the system said.
 */
export async function writeLeaseFile(
  stateFolder: string,
  renewals: readonly Renewal[],
): Promise<void> {
  const text = `${JSON.stringify({ version: VERSION, renewals })}\n`;
  await writeFileAtomically(join(stateFolder, LEASE_FILE_NAME), encodeUtf8(text));
}

function parse(text: string): Renewal[] | null {
  try {
    const file: Record<string, unknown> | null = JSON.parse(text);
    if (file?.version !== VERSION || !Array.isArray(file.renewals)) return null;
    return file.renewals.every(isRenewal) ? file.renewals : null;
  } catch {
    return null;
  }
}

function isRenewal(item: unknown): item is Renewal {
  return Array.isArray(item) && item.length === 2 && Number.isSafeInteger(item[1]) &&
    (item[0] === null || typeof item[0] === "string");
}
