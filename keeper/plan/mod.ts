/**
 * What a delivery would do, before it does it.
 *
 * A keeper plans whose `task` says so; with a `KnownAgentsDraft` in the place of its known agents it
 * leaves no trace. What {@linkcode agreementOf} makes of its report holds a later pass to it.
 *
 * @example
 * ```ts
 * import {
 *   agreementOf,
 *   declareForAll,
 *   judgePlan,
 *   Keeper,
 *   type KeeperOptions,
 *   KnownAgentsDraft,
 *   MemoryKnownAgentsStore,
 *   MemoryVault,
 *   StaticFleet,
 * } from "@fluxvault/fluxvault/keeper";
 * import { ConnectionError } from "@fluxvault/fluxvault/protocol";
 *
 * const knownAgents = new MemoryKnownAgentsStore();
 * const options: KeeperOptions = {
 *   fleet: new StaticFleet([{ host: "192.0.2.7", port: 8888 }]),
 *   vault: await MemoryVault.from({}),
 *   declarations: declareForAll([]),
 *   knownAgents,
 *   dial: () => Promise.reject(new ConnectionError("connection-refused", "nobody is there")),
 * };
 * const draft = new KnownAgentsDraft(knownAgents);
 * const plan = await new Keeper({ ...options, knownAgents: draft, task: { isPlan: true } }).pass();
 * console.assert(judgePlan([plan]) === "trouble");
 * const applying = new Keeper({ ...options, task: { agreement: agreementOf(plan) } });
 * console.assert((await applying.pass()).agents[0]?.outcome.kind === "unreachable");
 * ```
 *
 * @module
 */
export { type AgentPlan, isPlanEmpty } from "./agent_plan.ts";
export { agreementOf } from "./agreed_plan.ts";
export { judgePlan, type PlanVerdict } from "./plan_verdict.ts";
