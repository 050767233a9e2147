/**
 * Where an authority is, for whoever only looks whether there is one.
 *
 * @module
 */
import { join } from "../../../protocol/host/mod.ts";

/** The folder of an authority in a folder of state. */
export function authorityFolder(stateFolder: string): string {
  return join(stateFolder, "authority");
}

/** The index of its root, which it has from the beginning. */
export function rootIndexPath(stateFolder: string): string {
  return join(authorityFolder(stateFolder), "authority.json");
}
