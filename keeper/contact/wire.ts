/**
 * Which wire each agent is spoken to on, as `--wire` says; never found out by trying.
 *
 * To fall back to an older wire where a newer one fails is what a man in the middle would ask for.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import {
  type AgentAddress,
  formatAgentAddress,
  parseAgentAddress,
} from "../fleet/agent_address.ts";

/** Protocol 2, or the wire of the original FluxVault. */
export type Wire = 2 | "original";

/** Which wire is spoken with whom. */
export interface WireChoice {
  /** Returns the wire for an agent. */
  wireOf(address: AgentAddress): Wire;
  /** Whether some agent may be served by the original's wire. */
  readonly hasOriginal: boolean;
  /** Whether every agent is served by the original's wire. */
  readonly isOriginalOnly: boolean;
}

/** Protocol 2 with everybody. */
export const PROTOCOL_2: WireChoice = Object.freeze({
  wireOf: (): Wire => 2,
  hasOriginal: false,
  isOriginalOnly: false,
});

const FORM = "Write 2 or original for all agents, HOST=original or HOST:PORT=original for one.";

function refusal(item: string, problem: string, hint: string = FORM): ConfigError {
  return new ConfigError(`--wire: ${JSON.stringify(item)} ${problem}`, { setting: "--wire", hint });
}

function readWire(item: string, text: string): Wire {
  if (text === "2") return 2;
  if (text === "original") return "original";
  throw refusal(item, "names no wire");
}

/**
 * Reads the items of `--wire`: `2` or `original` for all agents, `HOST[:PORT]=...` for one.
 *
 * An agent that is named with its port goes before one that is named without.
 *
 * @throws {ConfigError} that names the item that cannot be used, or that contradicts another.
 *
 * @example
 * ```ts
 * import { parseWires } from "@fluxvault/fluxvault/keeper";
 *
 * const wires = parseWires(["original", "203.0.113.20=2"]);
 * console.assert(wires.wireOf({ host: "203.0.113.20", port: 8888 }) === 2);
 * console.assert(wires.wireOf({ host: "203.0.113.21", port: 8888 }) === "original");
 * ```
 */
export function parseWires(items: readonly string[]): WireChoice {
  const chosen = new Map<string, Wire>();
  for (const item of items) {
    const equals = item.lastIndexOf("=");
    const wire = readWire(item, item.slice(equals + 1));
    const name = equals < 0 ? EVERYBODY : readName(item, item.slice(0, equals));
    const other = chosen.get(name);
    if (other !== undefined && other !== wire) throw refusal(item, "contradicts another item");
    chosen.set(name, wire);
  }
  const general = chosen.get(EVERYBODY) ?? 2;
  return {
    wireOf: (address) =>
      chosen.get(formatAgentAddress(address)) ?? chosen.get(address.host) ?? general,
    hasOriginal: [...chosen.values()].includes("original"),
    isOriginalOnly: general === "original" && ![...chosen.values()].includes(2),
  };
}

const EVERYBODY = "";

/** Returns the name under which a choice is kept: `host:port`, or the host where no port is named. */
function readName(item: string, text: string): string {
  const fault = (problem: string, hint: string) => {
    // What a bare address should look like holds here too; the rest of the form is this option's.
    return refusal(item, problem, hint.startsWith("Write [") ? `${hint} ${FORM}` : FORM);
  };
  const one = parseAgentAddress(text, { defaultPort: 1, fault });
  const other = parseAgentAddress(text, { defaultPort: 2, fault });
  // Where the port does not depend on the default, the text itself names it.
  return one.port === other.port ? formatAgentAddress(one) : one.host;
}
