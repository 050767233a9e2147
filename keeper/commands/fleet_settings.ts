/**
 * Which agents the settings of `run` mean, and how new ones are trusted.
 *
 * @module
 */
import { isAppName } from "../../protocol/mod.ts";
import { fluxApiError, isGiven, sanitiseText, settingError } from "../../protocol/host/mod.ts";
import { parseAgentAddresses } from "../fleet/agent_address.ts";
import { type Fleet, StaticFleet } from "../fleet/fleet.ts";
import { disclosedSecret, secretIn } from "../keys/disclosed_secret.ts";
import { type ServeContext, withSource } from "./run_context.ts";
import type { TrustPolicy } from "../trust/mod.ts";
import type { WireChoice } from "../contact/wire.ts";

/**
 * Refuses settings about trust where they mean nothing: trust is a matter of keys, and the original's
 * wire has none that last.
 *
 * @throws {ConfigError} that names the setting.
 */
export function checkTrust({ settings, resolved }: ServeContext, wires: WireChoice): void {
  if (!wires.isOriginalOnly) return;
  const name = settings.trust !== undefined
    ? "trust"
    : settings.firstUseLimit !== undefined
    ? "first-use-limit"
    : null;
  if (name === null) return;
  throw settingError(resolved, {
    name,
    problem: "has no use where all agents are served by the original's wire",
    hint: "Nothing there proves who an agent is. Leave it out, or serve them by protocol 2.",
  });
}

/** Whom a keeper serves, and how new agents are trusted. */
export interface FleetSettings {
  /** Lists the agents. */
  readonly fleet: Fleet;
  /** What happens to an agent that is not known. */
  readonly trust: TrustPolicy;
  /** How many agents may be trusted at first use, where the operator or the addresses say. */
  readonly firstUseLimit: number | undefined;
}

/**
 * Reads whom a keeper serves.
 *
 * @throws {ConfigError} that names the setting at fault.
 */
export async function readFleet(context: ServeContext): Promise<FleetSettings> {
  const { settings, resolved } = context;
  const { appName, agentIps, commsPort } = settings;
  if (appName === undefined && agentIps.length === 0) {
    throw settingError(resolved, {
      name: "app-name",
      problem: "is missing, and so is --agent-ips",
      hint: "Name the app whose agents to find, or the agents themselves.",
    });
  }
  const secret = appName === undefined ? null : secretIn(appName);
  if (secret !== null) throw disclosedSecret(secret, { setting: "--app-name" });
  if (appName !== undefined && !isAppName(appName)) {
    throw settingError(resolved, {
      name: "app-name",
      problem: `cannot be ${JSON.stringify(sanitiseText(appName, { maxLength: 80 }))}`,
      hint: "Use letters, digits and inner hyphens, at most 63 of them.",
    });
  }
  if (agentIps.length > 0) {
    if (isGiven(resolved, "flux-api")) {
      throw settingError(resolved, {
        name: "flux-api",
        problem: "has no use beside --agent-ips",
        hint: "Leave one of them out.",
      });
    }
    const addresses = withSource(context, "agent-ips", () => {
      return parseAgentAddresses(agentIps, { defaultPort: commsPort });
    });
    return {
      fleet: new StaticFleet(addresses, { app: appName ?? null }),
      trust: settings.trust ?? "first-use",
      firstUseLimit: settings.firstUseLimit ?? addresses.length,
    };
  }
  const fleet = await makeFluxFleet(context, appName ?? "");
  return {
    fleet,
    trust: settings.trust ?? "approve",
    firstUseLimit: settings.firstUseLimit,
  };
}

/**
 * Makes the fleet of an app that the Flux API knows; loads what asks it only here.
 *
 * @throws {ConfigError} that names the setting at fault.
 */
export async function makeFluxFleet(context: ServeContext, app: string): Promise<Fleet> {
  const { settings: { fluxApi, commsPort }, resolved, logger } = context;
  const [{ FluxClient, isRegistrableAppName }, { FluxFleet }] = await Promise.all([
    import("../../flux/mod.ts"),
    import("../fleet/flux_fleet.ts"),
  ]);
  if (!isRegistrableAppName(app)) {
    throw settingError(resolved, {
      name: "app-name",
      problem: `cannot be "${app}" on the Flux network`,
      hint: "A name there does not start with flux or zel.",
    });
  }
  try {
    const client = new FluxClient({
      logger,
      ...(fluxApi.length === 0 ? {} : { baseUrls: fluxApi }),
    });
    return new FluxFleet(client, { app, commsPort, logger });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw fluxApiError(resolved, cause);
  }
}
