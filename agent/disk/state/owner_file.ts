/**
 * The owner of the app on disk: found out once, and believed from then on.
 *
 * A file `owner.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"app":"<name>","owner":"<address>","since":"<ISO 8601>"}`.
 *
 * @module
 */
import { encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../../protocol/host/mod.ts";
import { MAX_SMALL_STATE_FILE_BYTES } from "../../limits.ts";

/** The name of the file in the state folder. */
export const OWNER_FILE_NAME = "owner.json";

const VERSION = 1;
const ADDRESS = /^1[1-9A-HJ-NP-Za-km-z]{24,33}$/;

/** Who owns an app. */
export interface PinnedOwner {
  /** The app. */
  readonly app: string;
  /** The address of its owner. */
  readonly owner: string;
  /** When that was found out, as ISO 8601. */
  readonly since: string;
}

/**
 * Reads who owns the app.
 *
 * @returns `null` where it was not found out yet.
 * @throws {StorageError} `state-malformed`, or what the system said: without the file any answer of
 * the network would be believed.
 */
export async function readOwnerFile(stateFolder: string): Promise<PinnedOwner | null> {
  const path = join(stateFolder, OWNER_FILE_NAME);
  const bytes = await readOptionalFile(path, { maxBytes: MAX_SMALL_STATE_FILE_BYTES });
  if (bytes === null) return null;
  const owner = parseOwner(new TextDecoder().decode(bytes));
  if (owner !== null) return owner;
  throw new StorageError("state-malformed", `${JSON.stringify(path)} does not name an owner`, {
    hint: "Restore it from a copy, or delete it to have the Flux network asked again.",
  });
}

/**
 * Keeps who owns the app, in place of what was there.
 *
 * @throws {StorageError} with what the system said.
 */
export async function writeOwnerFile(stateFolder: string, pinned: PinnedOwner): Promise<void> {
  const { app, owner, since } = pinned;
  const text = `${JSON.stringify({ version: VERSION, app, owner, since })}\n`;
  await writeFileAtomically(join(stateFolder, OWNER_FILE_NAME), encodeUtf8(text));
}

function parseOwner(text: string): PinnedOwner | null {
  try {
    const file: Record<string, unknown> | null = JSON.parse(text);
    if (file?.version !== VERSION) return null;
    const { app, owner, since } = file;
    if (typeof app !== "string" || typeof owner !== "string" || typeof since !== "string") {
      return null;
    }
    return ADDRESS.test(owner) ? { app, owner, since } : null;
  } catch {
    return null;
  }
}
