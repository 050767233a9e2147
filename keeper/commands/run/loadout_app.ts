/**
 * One app of a loadout, and what it takes to serve it.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import { parseWires } from "../../contact/wire.ts";
import { type Fleet, StaticFleet } from "../../fleet/fleet.ts";
import type { AppLoadout } from "../../loadout/mod.ts";
import { orderCertificate } from "../../vault/application_certificate.ts";
import { type Declarations, findGivenCertificate } from "../../vault/declarations.ts";
import { makeFluxFleet } from "../fleet_settings.ts";
import type { ServeContext } from "../run_context.ts";
import type { AppMistake, AppWish } from "./app_wish.ts";

/**
 * Returns what it takes to serve an app; what the loadout does not say is as the settings say.
 *
 * @param current Returns the app as it is declared now: what goes where may change while it is served.
 * @throws {ConfigError} where its settings cannot be used.
 */
export async function wishOf(
  app: AppLoadout,
  context: ServeContext,
  current: () => AppLoadout = () => app,
): Promise<AppWish> {
  const { settings } = context;
  const { agents, firstUseLimit = agents?.length, vaultFolder, signWith = null } = app;
  const declare = makeDeclare(current);
  return {
    name: app.app,
    fleet: await fleetOf(app, context),
    trust: app.trust ?? (agents === null ? "approve" : "first-use"),
    firstUseLimit,
    wires: parseWires(app.wire),
    signWith,
    vaultFolder,
    declare: () => Promise.resolve(declare()),
    findCertificate: (name, agent) => {
      const found = findGivenCertificate(declare(), name, agent);
      return found === null ? null : orderCertificate(found);
    },
    isWholeFolder: false,
    pollingIntervalMs: inMs(app.pollingIntervalS) ?? settings.pollingIntervalMs,
    discoveryIntervalMs: inMs(app.discoveryIntervalS) ?? settings.discoveryIntervalMs,
    mistake: (mistake) => mistakeIn(app, mistake),
  };
}

/**
 * Returns all of an app that is not what goes where, as a text to compare: where it is the same, an app
 * can be served on.
 */
export function settingsText(app: AppLoadout): string {
  const { agents, fluxApi, port, wire, trust, firstUseLimit, signWith } = app;
  const { pollingIntervalS, discoveryIntervalS, vaultFolder } = app;
  return JSON.stringify({
    ...{ name: app.app, agents, fluxApi, port, wire, trust, firstUseLimit, signWith },
    ...{ pollingIntervalS, discoveryIntervalS, vaultFolder },
  });
}

async function fleetOf(app: AppLoadout, context: ServeContext): Promise<Fleet> {
  if (app.agents !== null) return new StaticFleet(app.agents, { app: app.app });
  const { fluxApi, port } = app;
  return await makeFluxFleet({
    ...context,
    settings: {
      ...context.settings,
      fluxApi: fluxApi.length === 0 ? context.settings.fluxApi : fluxApi,
      commsPort: port,
    },
  }, app.app);
}

/** Puts together what is declared for all components, once as long as it is the same. */
function makeDeclare(current: () => AppLoadout): () => Declarations {
  let made: { readonly app: AppLoadout; readonly declarations: Declarations } | null = null;
  return () => {
    const app = current();
    if (made?.app !== app) made = { app, declarations: declarationsIn(app) };
    return made.declarations;
  };
}

/** Returns what an app declares. */
export function declarationsIn(app: AppLoadout): Declarations {
  const { components, hooks, certificates } = app;
  const all = [null, ...components].flatMap((component) => app.declarationsOf(component));
  return {
    ...{ all, components, hooks, certificates },
    servicesOf: (component) => app.servicesOf(component),
    of: (component) => app.declarationsOf(component),
  };
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

function mistakeIn(app: AppLoadout, { about, problem, hint, cause }: AppMistake): ConfigError {
  const subject = about === "vault" ? "its vault" : "what it declares";
  return new ConfigError(`${app.app}: ${subject} ${problem}`, {
    source: app.origin,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
