/**
 * `fluxvault-keeper run-single-app`: serves one app as the original's command of that name did, with
 * components, groups and strategies on the command line.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import type { CommandContext } from "../../protocol/host/mod.ts";
import { disclosedSecret, secretIn } from "../keys/disclosed_secret.ts";
import { parseSingleApp } from "../loadout/mod.ts";
import type { SINGLE_APP_OPTIONS } from "../options.ts";
import { wishWith } from "./run/flag_app.ts";
import { declarationsIn } from "./run/loadout_app.ts";
import { serveWish } from "./run_command.ts";
import { tellWarnings } from "./selected_loadout.ts";

/** Runs the command. */
export async function run(given: CommandContext<typeof SINGLE_APP_OPTIONS>): Promise<number> {
  const { settings, operands } = given;
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  const [appName, ...components] = operands;
  if (appName === undefined) {
    throw new ConfigError("the app is not named", {
      hint: "Write run-single-app APP [COMPONENT[:GROUP]...].",
    });
  }
  const { vaultDir, stateDirectives, remoteWorkdir } = settings;
  const { app, warnings } = parseSingleApp({
    app: appName,
    vaultFolder: vaultDir,
    components,
    directives: stateDirectives,
    ...(remoteWorkdir === undefined ? {} : { remoteWorkdir }),
  });
  const declarations = declarationsIn(app);
  const context = {
    ...given,
    settings: { ...settings, appName, loadout: undefined, managedFiles: [], require: [] },
  };
  tellWarnings(given.logger, warnings);
  return await serveWish(context, () =>
    wishWith(context, {
      declare: () => Promise.resolve(declarations),
      isWholeFolder: false,
      filesSetting: "state-directives",
    }));
}
