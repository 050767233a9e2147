/**
 * Dials agents over TCP.
 *
 * @module
 */
import { dialTcp } from "../../protocol/host/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { AgentConnection } from "./contact.ts";
import { DIAL_TIMEOUT_MS } from "../limits.ts";

/**
 * Connects to an agent over TCP; a `Dial`.
 *
 * @example
 * ```ts
 * import { dialAgent } from "@fluxvault/fluxvault/keeper";
 *
 * const signal = AbortSignal.timeout(10_000);
 * const dialling = dialAgent({ host: "127.0.0.1", port: 1 }, { signal });
 * console.assert(await dialling.catch(({ code }) => code) === "connection-refused");
 * ```
 */
export async function dialAgent(
  address: AgentAddress,
  options: { readonly signal: AbortSignal },
): Promise<AgentConnection> {
  const { host, port } = address;
  return await dialTcp({ host, port, signal: options.signal, timeoutMs: DIAL_TIMEOUT_MS });
}
