/**
 * `fluxvault-keeper agents approve` and `agents forget`: what the operator decides about agents.
 *
 * @module
 */
import { EXIT_DONE } from "../../../protocol/host/mod.ts";
import { approveAgents, forgetAgents } from "../../trust/mod.ts";
import { type AgentsContext, changeKnownAgents, readSelection, tellDeeds } from "./agent_record.ts";

/** Approves agents. */
export async function approve(context: AgentsContext): Promise<number> {
  const selection = readSelection(context);
  const changed = await changeKnownAgents(context, (state) => {
    return approveAgents(state, selection, Date.now());
  });
  await tellDeeds(context, "approved", changed.approved);
  await tellDeeds(context, "replaced", changed.replaced);
  return EXIT_DONE;
}

/** Forgets agents. */
export async function forget(context: AgentsContext): Promise<number> {
  const selection = readSelection(context);
  const { forgotten } = await changeKnownAgents(context, (state) => {
    return forgetAgents(state, selection);
  });
  await tellDeeds(context, "forgotten", forgotten);
  return EXIT_DONE;
}
