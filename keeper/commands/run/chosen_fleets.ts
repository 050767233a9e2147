/**
 * The fleets that a command is about: that of the flags, or those of the apps of a loadout.
 *
 * @module
 */
import { openAudit } from "../../audit/run_audit.ts";
import { CertificateDesk, declareCertificates } from "../certificate_desk.ts";
import { KeyDesk } from "../key_desk.ts";
import { openStateFolder } from "../opened_state_folder.ts";
import { type PreparedFleet, prepareFleet } from "../prepared_fleet.ts";
import type { ServeContext } from "../run_context.ts";
import { tellWarnings } from "../selected_loadout.ts";
import type { AppWish } from "./app_wish.ts";
import { chooseLoadout } from "./chosen_loadout.ts";
import { readFlagApp } from "./flag_app.ts";
import { wishOf } from "./loadout_app.ts";

/** The options of {@linkcode prepareFleets}. */
export interface PrepareFleetsOptions {
  /** Tells which apps are meant; `null` stands for agents of no app. */
  readonly isMeant: (app: string | null) => boolean;
  /** Whether the vault plays no part: agents are to remove all, or are only called. */
  readonly isVaultUnused: boolean;
  /** Whether agents are only asked what they would do, so that nothing is made. */
  readonly isPlan: boolean;
  /** Whether an app that the loadout has not is a mistake all the same. @default {false} */
  readonly isListedOnly?: boolean;
}

/** The fleets. */
export interface PreparedFleets {
  /** What it takes to serve those that are meant. */
  readonly fleets: readonly PreparedFleet[];
  /** The apps of all that there are. */
  readonly apps: readonly (string | null)[];
  /** The folder of state. */
  readonly stateFolder: string;
}

/**
 * Puts together what it takes to serve the fleets that are meant.
 *
 * @throws {FluxVaultError} where one of them cannot be served.
 */
export async function prepareFleets(
  context: ServeContext,
  { isMeant, isVaultUnused, isPlan, isListedOnly = false }: PrepareFleetsOptions,
): Promise<PreparedFleets> {
  let folder: string | null = null;
  const stateFolder = () => folder ??= openStateFolder(context);
  const wishes = await findWishes(context, { stateFolder, isVaultUnused, isListedOnly });
  const desk = new KeyDesk(context, stateFolder());
  const { settings: { auditLog }, logger } = context;
  const certificates = new CertificateDesk(context, {
    stateFolder: stateFolder(),
    keys: desk,
    audit: () => openAudit({ stateFolder: stateFolder(), auditLog }, { logger }),
  });
  const fleets: PreparedFleet[] = [];
  for (const wish of wishes) {
    if (!isMeant(wish.fleet.app)) continue;
    const fleet = await prepareFleet(context, wish, {
      stateFolder: stateFolder(),
      keysFor: ({ fleet: { app }, signWith }) => desk.open({ app, signWith }),
      certificates,
      isVaultUnused,
    });
    fleets.push(fleet);
  }
  if (fleets.length > 0) {
    const meant = wishes.filter(({ fleet: { app } }) => isMeant(app));
    const isIssuing = !isVaultUnused && !isPlan;
    await certificates.prepare({ isNeeded: isIssuing && await declareCertificates(meant) });
  }
  desk.end();
  return { fleets, apps: wishes.map(({ fleet: { app } }) => app), stateFolder: stateFolder() };
}

async function findWishes(
  context: ServeContext,
  options: {
    readonly stateFolder: () => string;
    readonly isVaultUnused: boolean;
    readonly isListedOnly: boolean;
  },
): Promise<AppWish[]> {
  const chosen = await chooseLoadout(context, options);
  if (chosen === null) {
    const { isVaultUnused } = options;
    return [await readFlagApp(context, { isWholeFolder: false, isVaultUnused })];
  }
  const { loadout } = chosen.opened;
  tellWarnings(context.logger, loadout.warnings);
  return await Promise.all(loadout.apps.filter(chosen.isMeant).map((app) => wishOf(app, context)));
}
