/**
 * The agent's identity on disk: made at the first start, never overwritten.
 *
 * A file `identity.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"algorithm":"Ed25519","seed":"<32 bytes hex>"}`.
 *
 * @module
 */
import {
  type AgentIdentity,
  decodeHex,
  encodeHex,
  encodeUtf8,
  generateIdentitySeed,
  identityFingerprint,
  importIdentity,
  StorageError,
} from "../protocol/mod.ts";
import { join, readOptionalFile, storageError, writeFileAtomically } from "../protocol/host/mod.ts";

/** The name of the file in the state folder. */
export const IDENTITY_FILE_NAME = "identity.json";

const VERSION = 1;
const ALGORITHM = "Ed25519";
const SEED_BYTES = 32;
const MAX_FILE_BYTES = 4_096;

/** An identity and where it comes from. */
export interface LoadedIdentity {
  /** Signs for the agent. */
  readonly identity: AgentIdentity;
  /** What people compare: `SHA256:` and 43 characters. */
  readonly fingerprint: string;
  /** Whether it was made just now. */
  readonly isNew: boolean;
  /** Why it is kept in memory only, or `null` where it is on disk. */
  readonly problem: StorageError | null;
}

/**
 * Reads the identity, and makes one where there is none.
 *
 * The caller holds the lock of the folder. What is there and cannot be used is an error, never a
 * reason to make another identity: keepers know the agent by it.
 *
 * @param stateFolder The folder, or `null` to keep a new identity in memory.
 * @throws {StorageError} `state-malformed`, or what keeps the file from being read.
 *
 * @example
 * ```ts
 * import { loadIdentity } from "@fluxvault/fluxvault/agent";
 *
 * const folder = await Deno.makeTempDir();
 * const made = await loadIdentity(folder);
 * const read = await loadIdentity(folder);
 * console.assert(made.isNew && !read.isNew && made.fingerprint === read.fingerprint);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadIdentity(stateFolder: string | null): Promise<LoadedIdentity> {
  const stored = stateFolder === null ? null : await readIdentity(stateFolder);
  if (stored !== null) return { ...stored, isNew: false, problem: null };
  const seed = await generateIdentitySeed();
  const identity = await importIdentity(seed);
  const problem = stateFolder === null
    ? new StorageError("file-missing", "there is no state folder")
    : await writeSeed(join(stateFolder, IDENTITY_FILE_NAME), encodeHex(seed));
  seed.fill(0);
  const fingerprint = await identityFingerprint(identity.publicKey);
  return { identity, fingerprint, isNew: true, problem };
}

/**
 * Reads the identity.
 *
 * @returns `null` where there is none.
 * @throws {StorageError} `state-malformed`, or what keeps the file from being read.
 */
export async function readIdentity(
  stateFolder: string,
): Promise<Pick<LoadedIdentity, "identity" | "fingerprint"> | null> {
  const path = join(stateFolder, IDENTITY_FILE_NAME);
  if (!await isThere(path)) return null;
  const bytes = await readOptionalFile(path, { maxBytes: MAX_FILE_BYTES });
  if (bytes === null) return null;
  const seed = decodeHex(seedOf(bytes), SEED_BYTES);
  bytes.fill(0);
  if (seed === null) {
    throw malformed(path, "does not hold an identity", {
      hint: "Restore it from a copy, or delete it to get a new identity, which every keeper must " +
        "approve again.",
    });
  }
  const identity = await importIdentity(seed);
  seed.fill(0);
  return { identity, fingerprint: await identityFingerprint(identity.publicKey) };
}

/** Looks at the file before it is read: it must be one, and its owner's alone. */
async function isThere(path: string): Promise<boolean> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw storageError(error, `read ${JSON.stringify(path)}`);
  }
  if (!info.isFile) {
    throw malformed(path, "is no regular file", {
      hint: "Move it away and start the agent again.",
    });
  }
  if (Deno.build.os !== "windows" && info.mode !== null && (info.mode & 0o077) !== 0) {
    throw malformed(path, "can be read by others than its owner", {
      hint: `Run chmod 600 ${path}; if others had access, delete it and approve the new identity.`,
    });
  }
  return true;
}

function seedOf(bytes: Uint8Array): unknown {
  try {
    const file: Record<string, unknown> | null = JSON.parse(new TextDecoder().decode(bytes));
    const isOurs = file?.version === VERSION && file.algorithm === ALGORITHM;
    return isOurs ? file.seed : null;
  } catch {
    return null;
  }
}

async function writeSeed(path: string, seedHex: string): Promise<StorageError | null> {
  const file = { version: VERSION, algorithm: ALGORITHM, seed: seedHex };
  try {
    await writeFileAtomically(path, encodeUtf8(`${JSON.stringify(file)}\n`));
    return null;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

function malformed(path: string, reason: string, { hint }: { hint: string }): StorageError {
  return new StorageError("state-malformed", `${JSON.stringify(path)} ${reason}`, { hint });
}
