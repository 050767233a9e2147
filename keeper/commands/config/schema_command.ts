/**
 * `fluxvault-keeper config schema`: the schema of loadouts, for editors.
 *
 * @module
 */
import { EXIT_DONE } from "../../../protocol/host/mod.ts";
import schema from "../../loadout/loadout.schema.json" with { type: "json" };
import type { ConfigContext } from "./app_record.ts";

/** Writes the schema to standard output. */
export async function run({ stdout }: ConfigContext): Promise<number> {
  await stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
  return EXIT_DONE;
}
