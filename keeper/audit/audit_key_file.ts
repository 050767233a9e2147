/**
 * The key under which contents are fingerprinted, as a file on this machine, readable by its owner
 * alone.
 *
 * @module
 */
import { join } from "node:path";
import { type Bytes, decodeHex, encodeHex, encodeUtf8, randomBytes } from "../../protocol/mod.ts";
import { StorageError } from "../../protocol/mod.ts";
import { lockFile, readOptionalFile, writeFileAtomically } from "../../protocol/host/mod.ts";
import type { ContentsFingerprint } from "./contents_fingerprint.ts";
import {
  AUDIT_KEY_BYTES,
  AUDIT_LOCK_WAIT_MS,
  CONTENTS_FINGERPRINT_BYTES,
  MAX_KEY_FILE_BYTES,
} from "./limits.ts";

/** The name of the file in the folder of state. */
export const AUDIT_KEY_FILE_NAME = "audit.key";
const LOCK_NAME = "audit.key.lock";

/**
 * Reads the key, or makes one where there is none.
 *
 * @param folder The folder of state, which is there.
 * @returns 32 bytes.
 * @throws {StorageError} if it cannot be read or written, or is not what was written.
 */
export async function openAuditKey(folder: string): Promise<Bytes> {
  const path = join(folder, AUDIT_KEY_FILE_NAME);
  const known = await readKey(path);
  if (known !== null) return known;
  using _lock = await lockFile(join(folder, LOCK_NAME), { waitMs: AUDIT_LOCK_WAIT_MS });
  // Another keeper may have made it meanwhile.
  const other = await readKey(path);
  if (other !== null) return other;
  const key = randomBytes(AUDIT_KEY_BYTES);
  await writeFileAtomically(path, encodeUtf8(`${encodeHex(key)}\n`));
  return key;
}

/**
 * Opens the key, and makes fingerprints with it: the same as `createContentsFingerprint`, but without
 * waiting for the thread pool, which costs more than the fingerprint.
 *
 * @param folder The folder of state, which is there.
 * @throws {StorageError} as {@linkcode openAuditKey} does.
 */
export async function openContentsFingerprint(folder: string): Promise<ContentsFingerprint> {
  const { createHmac, createSecretKey } = await import("node:crypto");
  const key = createSecretKey(await openAuditKey(folder));
  return (digest) => {
    const mac = createHmac("sha256", key).update(digest).digest("hex");
    return Promise.resolve(mac.slice(0, 2 * CONTENTS_FINGERPRINT_BYTES));
  };
}

async function readKey(path: string): Promise<Bytes | null> {
  const bytes = await readOptionalFile(path, { maxBytes: MAX_KEY_FILE_BYTES });
  if (bytes === null) return null;
  const text = new TextDecoder().decode(bytes);
  const key = text.endsWith("\n") ? decodeHex(text.slice(0, -1), AUDIT_KEY_BYTES) : null;
  if (key !== null) return key;
  throw new StorageError("state-malformed", `${path} is not as it was written`, {
    hint: "Move it away; contents get other fingerprints in the audit log from then on.",
  });
}
