/**
 * `fluxvault-keeper agents approve` and `agents forget`: what the operator decides about agents.
 *
 * @module
 */
import { EXIT_DONE } from "../../../protocol/host/mod.ts";
import { approveAgents, forgetAgents, type KnownAgent } from "../../trust/mod.ts";
import {
  type AgentsContext,
  changeKnownAgents,
  readSelection,
  refuseSecretSelectors,
  tellDeeds,
} from "./agent_record.ts";

/** Approves agents. */
export async function approve(context: AgentsContext): Promise<number> {
  const selection = readSelection(context);
  const changed = await changeKnownAgents(context, (state) => {
    refuseSecretSelectors(state, selection.selectors);
    return approveAgents(state, selection, Date.now());
  });
  await tellDeeds(context, "approved", changed.approved);
  await tellDeeds(context, "replaced", changed.replaced);
  await tellOfNoApp(context, changed.approved);
  return EXIT_DONE;
}

/** Says that an approval is one for an app: a keeper that serves another looks past it. */
async function tellOfNoApp(
  { settings, stderr }: AgentsContext,
  approved: readonly KnownAgent[],
): Promise<void> {
  if (settings.appName !== undefined) return;
  const unseen = approved.filter(({ app, address, lastSeenMs }) => {
    return app === null && address === null && lastSeenMs === null;
  });
  if (unseen.length === 0) return;
  const subject = unseen.length === 1 ? "An agent that was" : "Agents that were";
  const verb = unseen.length === 1 ? "is" : "are";
  await stderr.write(
    `${subject} not seen yet ${verb} approved for keepers without --app-name alone. For an app,\n` +
      "say so: agents approve FINGERPRINT --app-name NAME.\n",
  );
}

/** Forgets agents. */
export async function forget(context: AgentsContext): Promise<number> {
  const selection = readSelection(context);
  const { forgotten } = await changeKnownAgents(context, (state) => {
    refuseSecretSelectors(state, selection.selectors);
    return forgetAgents(state, selection);
  });
  await tellDeeds(context, "forgotten", forgotten);
  return EXIT_DONE;
}
