/**
 * What a plugin can reach from a command that serves nobody: found when it first asks.
 *
 * @module
 */
import { FluxVaultError } from "../../../protocol/mod.ts";
import type { OpenedAudit } from "../../audit/run_audit.ts";
import { Keeper } from "../../keeper.ts";
import { PluginWorld, type ReachableFleet } from "../../plugins/mod.ts";
import { onRecord } from "../prepared_fleet.ts";
import { prepareFleets } from "../run/chosen_fleets.ts";
import type { ServeContext } from "../run_context.ts";

/** Makes what plugins reach by the settings of `run`. */
export function openReach(context: ServeContext, audit: OpenedAudit): PluginWorld {
  let fleets: Promise<readonly ReachableFleet[]> | null = null;
  return new PluginWorld({
    fleets: () => fleets ??= tellOfTrouble(context, "agents", () => findFleets(context, audit)),
    authority: () =>
      tellOfTrouble(context, "the certificate authority", async () => {
        const { openToSign } = await import("../ca/authority_desk.ts");
        return (await openToSign(context, {})).authority;
      }),
  });
}

async function findFleets(
  context: ServeContext,
  audit: OpenedAudit,
): Promise<readonly ReachableFleet[]> {
  const { fleets } = await prepareFleets(context, {
    isMeant: () => true,
    isVaultUnused: true,
    isPlan: false,
    isListedOnly: true,
  });
  return fleets.map((fleet): ReachableFleet => ({
    app: fleet.run.app,
    keeper: new Keeper({ ...fleet.options, ...onRecord(fleet, audit) }),
    knownAgents: fleet.knownAgents,
    recorder: audit.recorder,
  }));
}

/** The plugin is told a word alone; who can change something is the operator. */
async function tellOfTrouble<T>(
  { logger, signal }: ServeContext,
  what: string,
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FluxVaultError) {
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      const reason = error.message;
      logger.warn(`A plugin asks for ${what}, which cannot be had.`, { reason, ...hint });
    }
    throw error;
  }
}
