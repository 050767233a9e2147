/**
 * The manifest that an agent holds, on disk: a line of JSON that says what it is, and its bytes.
 *
 * With it an agent that was started again need not be told what has not changed.
 *
 * @module
 */
import {
  type Bytes,
  decodeHex,
  decodeManifest,
  decodeUtf8,
  encodeHex,
  encodeUtf8,
  equalBytes,
  type HeldManifest,
  type Manifest,
  type ManifestMessage,
  recallIssued,
  sha256Digest,
  StorageError,
  type StoredManifest,
} from "../../../protocol/mod.ts";
import {
  join,
  readOptionalFile,
  storageError,
  syncFolder,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import { MANIFEST_RENEWAL_S, MAX_MANIFEST_FILE_BYTES } from "../../limits.ts";

/** The name of the file in the state folder. */
export const MANIFEST_FILE_NAME = "manifest";

const VERSION = 1;
const NEWLINE = 0x0a;

/** Returns a manifest with what is remembered of what came of certificates. */
export type RecallIssued = (manifest: Manifest, declaredBy: string | null) => StoredManifest;

function recallNothing(manifest: Manifest, declaredBy: string | null): StoredManifest {
  return recallIssued(manifest, { desk: null, declaredBy });
}

/**
 * Tells whether a manifest has to be written in place of the one that was written last.
 *
 * Revision, times and signature come anew with each session. What was written vouches for the same
 * files until it ends, so it is renewed in good time and not each time.
 */
export function mustRenewManifest(kept: ManifestMessage | null, next: ManifestMessage): boolean {
  if (kept === null || !equalBytes(kept.digest, next.digest)) return true;
  if (kept.signature === null || next.signature === null) return kept.signature !== next.signature;
  return kept.revision !== next.revision || next.expires - kept.expires > MANIFEST_RENEWAL_S;
}

/** Keeps a manifest in the state folder. */
export async function writeManifestFile(stateFolder: string, held: HeldManifest): Promise<void> {
  const { revision, issued, expires, digest, signature } = held.message;
  const header = {
    version: VERSION,
    revision,
    issued,
    expires,
    digest: encodeHex(digest),
    signature,
    declaredBy: held.declaredBy,
  };
  const head = encodeUtf8(`${JSON.stringify(header)}\n`);
  const bytes = new Uint8Array(head.length + held.bytes.length);
  bytes.set(head);
  bytes.set(held.bytes, head.length);
  await writeFileAtomically(join(stateFolder, MANIFEST_FILE_NAME), bytes);
}

/**
 * Removes the manifest from the state folder; does nothing where none is kept.
 *
 * @throws {StorageError} with what the system said.
 */
export async function removeManifestFile(stateFolder: string): Promise<void> {
  const path = join(stateFolder, MANIFEST_FILE_NAME);
  try {
    await Deno.remove(path);
    await syncFolder(stateFolder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw storageError(error, `remove ${JSON.stringify(path)}`);
  }
}

/**
 * Reads the manifest from the state folder.
 *
 * @returns `null` where none is kept.
 * @throws {StorageError} `state-malformed` if it is not what was written, or what the system said.
 */
export async function readManifestFile(
  stateFolder: string,
  { recall = recallNothing }: {
    /** Says what is remembered of what came of certificates. @default {nothing} */
    readonly recall?: RecallIssued;
  } = {},
): Promise<HeldManifest | null> {
  const path = join(stateFolder, MANIFEST_FILE_NAME);
  const file = await readOptionalFile(path, { maxBytes: MAX_MANIFEST_FILE_BYTES });
  if (file === null) return null;
  try {
    const end = file.indexOf(NEWLINE);
    const bytes = file.slice(end + 1);
    const { message, declaredBy } = readHeader(decodeUtf8(file.subarray(0, end)), bytes.length);
    if (!equalBytes(await sha256Digest(bytes), message.digest)) throw new Error("another digest");
    const manifest = recall(decodeManifest(bytes), declaredBy);
    return { message, bytes, manifest, declaredBy };
  } catch (cause) {
    throw new StorageError("state-malformed", `${JSON.stringify(path)} is not as it was written`, {
      cause,
    });
  }
}

function readHeader(line: string, size: number): Pick<HeldManifest, "message" | "declaredBy"> {
  const header: Record<string, unknown> = JSON.parse(line);
  const { version, revision, issued, expires, signature, declaredBy } = header;
  const digest: Bytes | null = decodeHex(header.digest, 32);
  const isSound = version === VERSION && digest !== null &&
    [revision, issued, expires].every(Number.isSafeInteger) &&
    [signature, declaredBy].every((text) => text === null || typeof text === "string");
  if (!isSound) throw new Error("the header is malformed");
  const message: ManifestMessage = {
    state: "MANIFEST",
    id: 0,
    revision: revision as number,
    issued: issued as number,
    expires: expires as number,
    digest,
    size,
    signature: signature as string | null,
  };
  return { message, declaredBy: declaredBy as string | null };
}
