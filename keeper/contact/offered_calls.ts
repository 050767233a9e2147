/**
 * What an agent that was let in may call, and what is called of it, as options of its session.
 *
 * @module
 */
import { type Session, type SessionCalls, watchCalls } from "../../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import type { CalledAgent } from "./called_agent.ts";
import type { TalkOptions } from "./contact.ts";
import { PLAIN_TASK } from "./contact_task.ts";
import { MAX_LOGGED_FAILURES } from "./limits.ts";

/** Tells of an agent that was let in. */
export function describeCalled(
  { origin }: Session,
  address: AgentAddress,
  { app, agent, limit, task = PLAIN_TASK }: TalkOptions,
): CalledAgent {
  const { component, fingerprint, judgement } = agent;
  if (fingerprint === null || judgement?.verdict !== "trusted") {
    throw new TypeError("an agent was let in unjudged");
  }
  return {
    address,
    app,
    component,
    fingerprint,
    level: judgement.ground,
    isPlan: task.isPlan ?? false,
    origin,
    extendTime: (durationMs) => limit.extend(durationMs),
  };
}

/** Returns the calls of a session as an option; what fails in them is in the log alone. */
export function callsOf(
  session: Session,
  address: AgentAddress,
  options: TalkOptions,
): { readonly calls?: SessionCalls } {
  const calls = options.calls?.(describeCalled(session, address, options)) ?? null;
  if (calls === null) return {};
  return {
    calls: watchCalls(calls, {
      logger: options.logger,
      onTaken: "What an agent called for has failed.",
      onMade: "What was asked of an agent has failed.",
      maxTaken: MAX_LOGGED_FAILURES,
      properties: { address: formatAgentAddress(address) },
    }),
  };
}
