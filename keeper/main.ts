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

if (import.meta.main) Deno.exit(await main());
