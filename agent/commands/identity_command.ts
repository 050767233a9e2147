/**
 * `fluxvault-agent identity`.
 *
 * @module
 */
import { StorageError } from "../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE } from "../../protocol/host/mod.ts";
import { readIdentity } from "../identity_file.ts";
import type { IDENTITY_OPTIONS } from "../options.ts";

/** Prints the fingerprint of the identity that is kept in the state folder. */
export async function run(context: CommandContext<typeof IDENTITY_OPTIONS>): Promise<number> {
  const { settings, stdout } = context;
  const stored = await readIdentity(settings.stateDir);
  if (stored === null) {
    const folder = JSON.stringify(settings.stateDir);
    throw new StorageError("file-missing", `there is no identity in ${folder}`, {
      hint: "The agent makes one at its first start; name its folder with --state-dir.",
    });
  }
  const { fingerprint } = stored;
  await stdout.write(
    settings.json ? `${JSON.stringify({ event: "identity", fingerprint })}\n` : `${fingerprint}\n`,
  );
  return EXIT_DONE;
}
