/**
 * What a plan comes to.
 *
 * @module
 */
import { type AgentReport, isServiceWanted, type PassReport } from "../report/report.ts";
import { isServiceChanged } from "../report/service_standing.ts";
import { isPlanEmpty } from "./agent_plan.ts";
import { isHeldBack, isMade, listPlannedChanges } from "./planned_changes.ts";

/** What a plan comes to, for the whole fleet. */
export type PlanVerdict =
  /** Every agent answered and holds what it should. */
  | "nothing"
  /** Every agent answered, and some would be changed. */
  | "changes"
  /** Some agent did not answer, or would not end up as declared. */
  | "trouble";

/**
 * Tells what a plan comes to; one of no agent is trouble, since nobody was asked.
 *
 * @example
 * ```ts
 * import {
 *   Agent,
 *   declareForAll,
 *   duplexPair,
 *   generateIdentitySeed,
 *   importIdentity,
 *   Keeper,
 *   MemoryKnownAgentsStore,
 *   MemorySecretStore,
 *   MemoryVault,
 *   parseManagedFiles,
 *   parsePeerRule,
 *   PeerPolicy,
 *   StaticFleet,
 * } from "@fluxvault/fluxvault";
 * import { judgePlan } from "@fluxvault/fluxvault/keeper";
 *
 * const [agentEnd, keeperEnd] = duplexPair();
 * const store = new MemorySecretStore();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const policy = new PeerPolicy([parsePeerRule("192.0.2.1")]);
 * const remoteAddress = { hostname: "192.0.2.1", port: 50_000 };
 * const served = new Agent({ identity, store, policy }).serve((async function* () {
 *   yield { duplex: agentEnd, remoteAddress, close() {} };
 * })());
 * const planning = new Keeper({
 *   fleet: new StaticFleet([{ host: "192.0.2.7", port: 8888 }]),
 *   vault: await MemoryVault.from({ "db.password": new TextEncoder().encode("correct horse") }),
 *   declarations: declareForAll(parseManagedFiles(["db.password"])),
 *   knownAgents: new MemoryKnownAgentsStore(), // A `KnownAgentsDraft`, where agents are known.
 *   trust: "first-use",
 *   firstUseLimit: 1,
 *   dial: () => Promise.resolve({ duplex: keeperEnd, close() {} }),
 *   task: { isPlan: true },
 * });
 * console.assert(judgePlan([await planning.pass()]) === "changes");
 * await served;
 * console.assert(store.read("db.password") === undefined); // Nothing was changed.
 * console.assert(judgePlan([]) === "trouble"); // Nobody was asked.
 * ```
 */
export function judgePlan(passes: readonly PassReport[]): PlanVerdict {
  const agents = passes.flatMap(({ agents }) => agents);
  const hasProblems = passes.some(({ problems }) => problems.length > 0);
  if (hasProblems || agents.length === 0 || agents.some(isTroubled)) return "trouble";
  return agents.some(hasChanges) ? "changes" : "nothing";
}

/** Tells whether a delivery would change an agent, or have to. */
export function hasChanges({ outcome, news }: AgentReport): boolean {
  if (outcome.kind !== "planned") return false;
  return news !== null || !isPlanEmpty(outcome.plan);
}

/** Tells whether an agent did not answer, or would not end up as declared. */
export function isTroubled({ outcome }: AgentReport): boolean {
  if (outcome.kind !== "planned") return true;
  const { plan } = outcome;
  const { services = [] } = plan;
  return plan.hooks.some(({ outcome }) => outcome === "refused") ||
    services.some(({ outcome }) => outcome === "refused" || outcome === "waiting") ||
    listPlannedChanges(plan).some(isHeldBack);
}

/** Counts what would be made, as a person reads it, for example `2 to create`. */
export function countPlanned(passes: readonly PassReport[]): string[] {
  const counts = new Map<string, number>();
  let hooks = 0;
  let services = 0;
  for (const { outcome } of passes.flatMap(({ agents }) => agents)) {
    if (outcome.kind !== "planned") continue;
    for (const change of listPlannedChanges(outcome.plan).filter(isMade)) {
      counts.set(change.action, (counts.get(change.action) ?? 0) + 1);
    }
    hooks += outcome.plan.hooks.filter(({ outcome }) => outcome !== "refused").length;
    services += (outcome.plan.services ?? []).filter((service) => {
      return isServiceChanged(service) && isServiceWanted(service);
    }).length;
  }
  const order = ["create", "update", "reown", "remove"];
  const parts = order.flatMap((action) => {
    const count = counts.get(action);
    return count === undefined ? [] : `${count} to ${action}`;
  });
  return [
    ...parts,
    ...(hooks === 0 ? [] : [`${hooks} ${hooks === 1 ? "hook" : "hooks"} to run`]),
    ...(services === 0 ? [] : [`${services} ${services === 1 ? "service" : "services"} to change`]),
  ];
}
