/**
 * What several kinds of lines of a manifest have in common (spec, section 8).
 *
 * @module
 */
import { MAX_HOOK_ARGUMENTS, MAX_OWNER_ID } from "./limits.ts";
import type { Ownership } from "./manifest_entry.ts";
import type { MessageFields } from "./message_fields.ts";

/** Names hooks, certificates and services. */
export const LINE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Names signals. */
export const SIGNAL_NAME = /^SIG[A-Z][A-Z0-9]{0,15}$/;
const WITHOUT_NUL = /^[^\0]*$/;

/** What stands in a line, in its order. */
export type Members = Record<string, unknown>;

/** Adds whose something is. */
export function addOwner(members: Members, { uid, gid }: Ownership): void {
  if (uid !== undefined) members["Uid"] = uid;
  if (gid !== undefined) members["Gid"] = gid;
}

/** Reads the mode of something, and whose it is. */
export function readOwner(fields: MessageFields): Ownership {
  const uid = fields.optionalInteger("Uid", { max: MAX_OWNER_ID });
  const gid = fields.optionalInteger("Gid", { max: MAX_OWNER_ID });
  return {
    mode: fields.integer("Mode", { max: 0o777 }),
    ...(uid === null ? {} : { uid }),
    ...(gid === null ? {} : { gid }),
  };
}

/** Reads which hook tells of its changes. */
export function readHookName(fields: MessageFields): { readonly hook?: string } {
  const hook = fields.optionalText("Hook", LINE_NAME);
  return hook === null ? {} : { hook };
}

/** Reads a program and its arguments; `null` where no program can be run so. */
export function readCommand(fields: MessageFields, name: string): readonly string[] | null {
  const command = fields.texts(name, { pattern: WITHOUT_NUL, max: MAX_HOOK_ARGUMENTS });
  const isSound = command.every((word) => word.isWellFormed()) && (command[0] ?? "") !== "";
  return isSound ? command : null;
}
