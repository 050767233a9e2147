/**
 * Whether there is something in the folder of state that an earlier process remembered.
 *
 * @module
 */
import { join } from "../../protocol/host/mod.ts";

/** Tells whether an earlier process remembered something; what is wrong with that is said when it is read. */
export function isRemembered(stateFolder: string | null, name: string): boolean {
  if (stateFolder === null) return false;
  try {
    Deno.statSync(join(stateFolder, name));
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
