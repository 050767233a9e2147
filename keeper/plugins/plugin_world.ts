/**
 * What there is for plugins of a keeper to reach: agents, and the certificate authority.
 *
 * @module
 */
import { CallError, FluxVaultError, type PluginCertificate } from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";
import { recordCall } from "../audit/recorded_call.ts";
import type { Authority } from "../authority/authority.ts";
import { isSameApp } from "../app_name.ts";
import type { Keeper } from "../keeper.ts";
import type { KnownAgent } from "../trust/known_agents_state.ts";
import type { KnownAgentsStore } from "../trust/mod.ts";
import type { AgentCallOrder, KeeperReach, ReachedAgent, SigningOrder } from "./keeper_asks.ts";

/** The agents of one app, and who calls them. */
export interface ReachableFleet {
  /** The app, or `null`. */
  readonly app: string | null;
  /** Calls them. */
  readonly keeper: Pick<Keeper, "converse">;
  /** Whom the keeper knows. */
  readonly knownAgents: Pick<KnownAgentsStore, "load">;
  /** Puts calls on record. */
  readonly recorder: AuditRecorder;
}

/** What a {@linkcode PluginWorld} is made of. */
export interface PluginWorldParts {
  /** Finds the fleets; what it throws is what an ask fails with. */
  readonly fleets: () => Promise<readonly ReachableFleet[]>;
  /** Opens the authority. */
  readonly authority: () => Promise<Pick<Authority, "issue" | "unlock">>;
}

const MAX_AGENTS = 1_000;
const CODE = /^[a-z][a-z0-9-]{0,63}$/;

/** Does what plugins ask, as far as the keeper could do it itself. */
export class PluginWorld implements KeeperReach {
  readonly #parts: PluginWorldParts;

  /** Touches nothing yet. */
  constructor(parts: PluginWorldParts) {
    this.#parts = parts;
  }

  /** Lists the agents that are trusted and were reached before, a thousand at most. */
  async agents(): Promise<readonly ReachedAgent[]> {
    const found = new Map<string, ReachedAgent>();
    for (const fleet of await this.#fleets()) {
      for (const { address, component = null, trust } of await reachedOf(fleet)) {
        if (address === null || found.has(address)) continue;
        found.set(address, { address, app: fleet.app, component, trust });
      }
    }
    return [...found.values()].slice(0, MAX_AGENTS);
  }

  /**
   * Has one agent do something, and puts it on record as done for the plugin.
   *
   * @throws {CallError} with the word of the agent, `agent-unknown`, or why it was not reached.
   */
  async call(plugin: string, order: AgentCallOrder, signal: AbortSignal): Promise<unknown> {
    const { address, action, input } = order;
    const fleet = await this.#findFleet(address);
    if (fleet === null) {
      throw new CallError("agent-unknown", "no agent that is trusted was reached at that address");
    }
    try {
      return await fleet.keeper.converse(address, async (desk, agent) => {
        const options = { signal, ...(input === undefined ? {} : { input }) };
        const call = { agent, action, input, plugin };
        const end = await recordCall(fleet.recorder, call, () => desk.call(action, options));
        if (end.kind === "failed") throw end.error;
        return end.output;
      }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw callErrorOf(error);
    }
  }

  /**
   * Has the authority certify the key of a request, for names that the app may have.
   *
   * @throws {CallError} with the word of the authority.
   */
  async signRequest(order: SigningOrder): Promise<PluginCertificate> {
    const { app, component, request, names, lifetimeMs } = order;
    try {
      const authority = await this.#parts.authority();
      // With the first certificate it would make one, which is for the operator to decide.
      if (!await authority.unlock()) {
        throw new CallError("authority-missing", "there is no certificate authority");
      }
      const issued = await authority.issue({
        ...{ app, component, request, purpose: "application", application: { names } },
        ...(lifetimeMs === null ? {} : { lifetimeMs }),
      });
      return {
        serial: issued.serial,
        chain: issued.chain.join(""),
        root: issued.root,
        notAfter: new Date(issued.notAfterMs).toISOString(),
        renewAt: new Date(issued.renewAtMs).toISOString(),
      };
    } catch (error) {
      throw callErrorOf(error);
    }
  }

  async #fleets(): Promise<readonly ReachableFleet[]> {
    try {
      return await this.#parts.fleets();
    } catch (error) {
      throw callErrorOf(error);
    }
  }

  async #findFleet(address: string): Promise<ReachableFleet | null> {
    for (const fleet of await this.#fleets()) {
      const agents = await reachedOf(fleet);
      if (agents.some((agent) => agent.address === address)) return fleet;
    }
    return null;
  }
}

/** Returns the agents of a fleet that are trusted. */
async function reachedOf({ app, knownAgents }: ReachableFleet): Promise<readonly KnownAgent[]> {
  const { agents } = await knownAgents.load();
  return agents.filter((agent) => agent.address !== null && isSameApp(agent.app, app));
}

/** Makes of any failure one that tells a plugin its code, and nothing else. */
function callErrorOf(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const isCoded = error instanceof FluxVaultError && CODE.test(error.code);
  const isMistaken = error instanceof RangeError || error instanceof TypeError;
  const code = isCoded ? error.code : isMistaken ? "input-malformed" : "failed";
  return new CallError(code, "what a plugin asked for was not done", { cause: error });
}
