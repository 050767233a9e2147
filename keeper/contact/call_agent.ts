/**
 * A contact that only calls: no manifest, no turn at the agent.
 *
 * @module
 */
import type { CallDesk } from "../../protocol/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { CalledAgent } from "./called_agent.ts";
import type { TalkOptions } from "./contact.ts";

/**
 * Connects to an agent, lets it in as for a delivery, and calls it until the work is done.
 *
 * @returns What the work returns.
 * @throws {PeerRejectedError} if the agent is not trusted, or refuses.
 * @throws {CallError} `unknown-action` if the agent does not say that it takes calls.
 * @throws {ConnectionError} if it cannot be reached, or the transport fails.
 * @throws What the work throws.
 */
export function callAgent<T>(
  _address: AgentAddress,
  _options: TalkOptions,
  _work: (desk: CallDesk, agent: CalledAgent) => Promise<T>,
): Promise<T> {
  throw new Error("to come");
}
