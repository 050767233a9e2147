/**
 * `fluxvault node`: the command line of the original's node, which implies the original's wire.
 *
 * @module
 */
import { ConfigError, findPathFault } from "../../protocol/mod.ts";
import type { CommandContext } from "../../protocol/host/mod.ts";
import type { NODE_OPTIONS } from "../options.ts";
import { serve } from "./serve_command.ts";

/** Serves until asked to stop. */
export async function run(context: CommandContext<typeof NODE_OPTIONS>): Promise<number> {
  const { settings, operands } = context;
  if (settings.originalWire.length === 0) {
    throw new ConfigError("--vault is missing: nobody could bring the files", {
      setting: "--vault",
      hint: "Name the host or the address that your vault dials from: --vault home.example.org",
    });
  }
  const files = [...settings.files, ...operands.map(withoutDot)];
  if (files.length === 0) {
    throw new ConfigError("no file is named: the original's vault gives only what is asked for", {
      hint: "Name the files behind the options: node --port 39898 --vault HOST quotes.txt",
    });
  }
  for (const file of files) {
    const fault = findPathFault(file);
    if (fault === null) continue;
    throw new ConfigError(`the file ${JSON.stringify(file)} ${fault}`, {
      hint: "Name it relative to the folder of the files, with / between folders.",
    });
  }
  // The original's vault knows no enrolment, nor did its node do more than to take files.
  const without = {
    ...{ enrollSecret: undefined, application: null, http: null, plugins: null, components: null },
  };
  return await serve({ ...context, settings: { ...settings, files, ...without } });
}

/** `./quotes.txt` is how a shell completes it; the vault knows it as `quotes.txt`. */
function withoutDot(path: string): string {
  return path.startsWith("./") ? path.slice(2) : path;
}
