/** Apps for the tests of how one is served. */
import type { AppMistake, AppWish } from "../../../../keeper/commands/run/app_wish.ts";
import { openApp, type SharedParts } from "../../../../keeper/commands/run/served_app.ts";
import { type PreparedFleet, prepareFleet } from "../../../../keeper/commands/prepared_fleet.ts";
import { NO_KEYS } from "../../../../keeper/commands/key_desk.ts";
import { openAudit } from "../../../../keeper/audit/run_audit.ts";
import { PROTOCOL_2 } from "../../../../keeper/contact/wire.ts";
import { parseAgentAddresses } from "../../../../keeper/fleet/agent_address.ts";
import { StaticFleet } from "../../../../keeper/fleet/fleet.ts";
import { declareForAll } from "../../../../keeper/vault/declarations.ts";
import { parseManagedFiles } from "../../../../keeper/vault/managed_files.ts";
import { ProgressDisplay } from "../../../../keeper/progress/progress_display.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import type { LoadoutPlace } from "../../../support/loadout_place.ts";
import type { TestRunContext } from "../../../support/run_context.ts";

/** Returns what it takes to serve an app from the folder `vault` of a place. */
export function wishIn(
  place: LoadoutPlace,
  files: readonly string[],
  others: Partial<AppWish> = {},
): AppWish {
  const declarations = declareForAll(parseManagedFiles(files));
  return {
    name: null,
    fleet: new StaticFleet(parseAgentAddresses(["127.0.0.1:1"]), { app: "shop" }),
    trust: "first-use",
    firstUseLimit: 1,
    wires: PROTOCOL_2,
    signWith: null,
    vaultFolder: place.path("vault"),
    declare: () => Promise.resolve(declarations),
    isWholeFolder: false,
    pollingIntervalMs: 300_000,
    discoveryIntervalMs: 60_000,
    mistake: ({ about, problem }: AppMistake) => new ConfigError(`${about} ${problem}`),
    ...others,
  };
}

/** Returns what the apps of a place share. */
export function partsOf(
  place: LoadoutPlace,
  { logger }: TestRunContext,
  others: Partial<SharedParts> = {},
): SharedParts {
  const stateFolder = place.path("state");
  return {
    stateFolder,
    keysFor: () => Promise.resolve(NO_KEYS),
    progress: new ProgressDisplay({ area: null, logger }),
    audit: () => openAudit({ stateFolder, auditLog: undefined }, { logger }),
    ...others,
  };
}

/** Opens an app. */
export async function openIn(
  place: LoadoutPlace,
  context: TestRunContext,
  wish: AppWish,
): ReturnType<typeof openApp> {
  return await openApp(context, wish, partsOf(place, context));
}

/** Puts together what it takes to serve an app. */
export async function prepareIn(
  place: LoadoutPlace,
  context: TestRunContext,
  wish: AppWish,
): Promise<PreparedFleet> {
  return await prepareFleet(context, wish, partsOf(place, context));
}
