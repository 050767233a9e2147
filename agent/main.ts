/**
 * The agent program.
 *
 * @module
 */
import { runProgram, systemHost } from "../protocol/host/mod.ts";
import { AGENT_PROGRAM } from "./program.ts";

/** Runs the program with these arguments and returns its exit status. */
export function main(args: readonly string[] = Deno.args): Promise<number> {
  return runProgram(AGENT_PROGRAM, { ...systemHost(), args });
}

// Not awaited here: what is loaded later imports from the file of a bundle that this becomes a part of.
if (import.meta.main) main().then(Deno.exit);
