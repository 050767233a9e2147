/**
 * The highest revision of each signer on disk, beside the manifest and apart from it: a manifest that
 * was put back is noticed by it.
 *
 * A file `revisions.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"revisions":[["<address>",<revision>]]}`, the one that was raised last at the end.
 *
 * @module
 */
import { encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../../protocol/host/mod.ts";
import { MAX_REMEMBERED_SIGNERS, MAX_SMALL_STATE_FILE_BYTES } from "../../limits.ts";

/** The name of the file in the state folder. */
export const REVISION_FILE_NAME = "revisions.json";

const VERSION = 1;

type SignerRevision = readonly [signer: string, revision: number];

/**
 * Reads the revisions.
 *
 * @returns None where none is kept.
 * @throws {StorageError} `state-malformed`, or what the system said: without the file any earlier
 * manifest would pass for the last one.
 */
export async function readRevisionFile(stateFolder: string): Promise<readonly SignerRevision[]> {
  const path = join(stateFolder, REVISION_FILE_NAME);
  const bytes = await readOptionalFile(path, { maxBytes: MAX_SMALL_STATE_FILE_BYTES });
  if (bytes === null) return [];
  const revisions = parseRevisions(new TextDecoder().decode(bytes));
  if (revisions !== null) return revisions;
  throw new StorageError("state-malformed", `${JSON.stringify(path)} is not as it was written`, {
    hint: "Restore it from a copy, or delete it; an older manifest is not noticed then.",
  });
}

/**
 * Keeps the revisions in place of those that were there.
 *
 * @throws {StorageError} with what the system said.
 */
export async function writeRevisionFile(
  stateFolder: string,
  revisions: readonly SignerRevision[],
): Promise<void> {
  const text = `${JSON.stringify({ version: VERSION, revisions })}\n`;
  await writeFileAtomically(join(stateFolder, REVISION_FILE_NAME), encodeUtf8(text));
}

function parseRevisions(text: string): SignerRevision[] | null {
  try {
    const file: Record<string, unknown> | null = JSON.parse(text);
    if (file?.version !== VERSION || !Array.isArray(file.revisions)) return null;
    const { revisions } = file;
    const isSound = revisions.length <= MAX_REMEMBERED_SIGNERS && revisions.every(isRevision);
    return isSound ? revisions : null;
  } catch {
    return null;
  }
}

function isRevision(item: unknown): item is SignerRevision {
  return Array.isArray(item) && item.length === 2 && typeof item[0] === "string" &&
    Number.isSafeInteger(item[1]) && item[1] >= 0;
}
