/**
 * A contact that only calls: no manifest, no turn at the agent.
 *
 * @module
 */
import { type CallDesk, CallError, converseAsKeeper, UNKNOWN_ACTION } from "../../protocol/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { CalledAgent } from "./called_agent.ts";
import type { TalkOptions } from "./contact.ts";
import { callsOf, describeCalled } from "./offered_calls.ts";
import { inSession } from "./protocol2_contact.ts";

/**
 * Connects to an agent, lets it in as for a delivery, and calls it until the work is done. It may call
 * what `options.calls` offers, whose own work is not done.
 *
 * @returns What the work returns.
 * @throws {PeerRejectedError} if the agent is not trusted, or refuses.
 * @throws {CallError} `unknown-action` if the agent does not say that it takes calls.
 * @throws {ConnectionError} if it cannot be reached, or the transport fails.
 * @throws What the work throws.
 */
export async function callAgent<T>(
  address: AgentAddress,
  options: TalkOptions,
  work: (desk: CallDesk, agent: CalledAgent) => Promise<T>,
): Promise<T> {
  return await inSession(address, options, async (session) => {
    const { origin: { readiness } } = session;
    if (!readiness.wants.includes("calls")) {
      const error = new CallError(UNKNOWN_ACTION, "the agent takes no calls");
      await session.fail(error);
      await session.close();
      throw error;
    }
    const agent = describeCalled(session, address, options);
    const { calls: { work: _work, ...offer } = {} } = callsOf(session, address, options);
    return await converseAsKeeper(session, (desk) => work(desk, agent), offer);
  });
}
