/**
 * What a contact does whose task is to call: nothing is delivered, and the agent's turn is not taken.
 *
 * @module
 */
import { converseAsKeeper, FluxVaultError, type Session } from "../../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import type { AgentOutcome } from "../report/report.ts";
import type { CallTask } from "./contact_task.ts";
import { callsOf, describeCalled } from "./offered_calls.ts";
import { relayBeside, type RelayTalkOptions } from "../relay/relay_contact.ts";

/**
 * Calls an agent that was let in, and lets those behind it be called over its session.
 *
 * @throws {FluxVaultError} `calls-unknown` if it takes no calls; what the task throws.
 */
export async function talkByCalls(
  session: Session,
  address: AgentAddress,
  { converse, ...options }: RelayTalkOptions & { readonly converse: CallTask },
): Promise<AgentOutcome> {
  const { limit, audit, now, logger } = options;
  if (!session.origin.readiness.wants.includes("calls")) {
    const error = new FluxVaultError("calls-unknown", "the agent takes no calls");
    await session.fail(error);
    throw error;
  }
  const agent = describeCalled(session, address, options);
  const { work: _work, ...offer } = callsOf(session, address, options).calls ?? {};
  const relaying = relayBeside(session, options, offer);
  const { work: carry, ...calls } = relaying.calls ?? {};
  const startedMs = now();
  async function call(desk: Parameters<CallTask>[0]): Promise<void> {
    // A call has a limit of its own.
    limit.standStill();
    try {
      await converse(desk, { agent, audit });
    } finally {
      limit.goOn();
    }
    relaying.onServed();
  }
  await converseAsKeeper(session, async (desk) => {
    const [own, others] = await Promise.allSettled([call(desk), carry?.(desk)]);
    if (own.status === "rejected") throw own.reason;
    if (others.status === "rejected") throw others.reason;
  }, calls);
  logger.debug("An agent was called.", {
    address: formatAgentAddress(address),
    durationMs: now() - startedMs,
  });
  return { kind: "called" };
}
