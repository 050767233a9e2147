/**
 * The program `fluxvault-keeper`.
 *
 * @module
 */
import { runProgram, systemHost } from "../protocol/host/mod.ts";
import { KEEPER_PROGRAM } from "./program.ts";

/** Runs the program with these arguments and returns its exit status. */
export function main(args: readonly string[] = Deno.args): Promise<number> {
  return runProgram(KEEPER_PROGRAM, { ...systemHost(), args });
}

// Not awaited here: what is loaded later imports from the file of a bundle that this becomes a part of.
if (import.meta.main) main().then(Deno.exit);
