/**
 * The hooks that are due, on disk, so that they outlast a crash.
 *
 * A file `hooks.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"due":[{"hook":"reload","declaredBy":"<address>","changeId":"<32 hex>",
 * "state":"<64 hex>","attempts":1,"changedFiles":["tls/key.pem"],"isCut":false}]}`.
 *
 * @module
 */
import { encodeUtf8, type Logger } from "../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../protocol/host/mod.ts";
import { MAX_HOOKS_FILE_BYTES } from "../limits.ts";
import type { DueHook } from "./due_hook.ts";
import type { HookJournal } from "./hook_ledger.ts";
import { HOOKS_FILE_NAME } from "./hooks_on_demand.ts";

const VERSION = 1;
const CHANGE_ID = /^[0-9a-f]{32}$/;
const STATE = /^[0-9a-f]{64}$/;

/**
 * Opens what is remembered of hooks.
 *
 * A file that is damaged loses what was due; then all that a manifest defines may be.
 *
 * @param stateFolder The state folder, or `null` to keep everything in memory.
 */
export async function openHookJournal(
  stateFolder: string | null,
  logger: Logger,
): Promise<HookJournal> {
  if (stateFolder === null) return { known: [], save: () => Promise.resolve() };
  const path = join(stateFolder, HOOKS_FILE_NAME);
  return { known: await readHooksFile(path, logger), save: (due) => writeHooksFile(path, due) };
}

async function readHooksFile(path: string, logger: Logger): Promise<readonly DueHook[] | null> {
  try {
    const bytes = await readOptionalFile(path, { maxBytes: MAX_HOOKS_FILE_BYTES });
    return bytes === null ? [] : parseHooks(new TextDecoder().decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn("what hooks were due cannot be read, so all of them will run", { reason });
    return null;
  }
}

async function writeHooksFile(path: string, due: readonly DueHook[]): Promise<void> {
  await writeFileAtomically(path, encodeUtf8(`${JSON.stringify({ version: VERSION, due })}\n`));
}

function parseHooks(text: string): DueHook[] {
  const file: Record<string, unknown> = JSON.parse(text);
  if (file["version"] !== VERSION || !Array.isArray(file["due"])) {
    throw new Error("it is malformed");
  }
  return file["due"].map(readDue);
}

function readDue(json: Record<string, unknown>): DueHook {
  const { hook, declaredBy, changeId, state, attempts, changedFiles, isCut } = json;
  const isSound = typeof hook === "string" &&
    (declaredBy === null || typeof declaredBy === "string") &&
    typeof changeId === "string" && CHANGE_ID.test(changeId) &&
    typeof state === "string" && STATE.test(state) &&
    Number.isSafeInteger(attempts) && (attempts as number) >= 0 &&
    Array.isArray(changedFiles) && changedFiles.every((path) => typeof path === "string") &&
    typeof isCut === "boolean";
  if (!isSound) throw new Error("it is malformed");
  return { hook, declaredBy, changeId, state, attempts: attempts as number, changedFiles, isCut };
}
