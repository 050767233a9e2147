/**
 * Which agents a keeper trusts, and what it remembers of them.
 *
 * @module
 */
export { type AgentSelection, selectAgents } from "./agent_selection.ts";
export {
  decodeAgentsExport,
  encodeAgentsExport,
  mergeAgents,
  type MergedAgent,
  type MergeOptions,
  type Merger,
} from "./agents_transfer.ts";
export {
  type ApprovalOutcome,
  approveAgents,
  forgetAgents,
  type ForgetOutcome,
} from "./approval.ts";
export { KnownAgentsDraft } from "./known_agents_draft.ts";
export { KnownAgents, type KnownAgentsOptions } from "./known_agents.ts";
export { type KnownAgentsStore, MemoryKnownAgentsStore } from "./known_agents_store.ts";
export { loadAddresses } from "./recorded_addresses.ts";
export {
  EMPTY_STATE,
  type KnownAgent,
  type KnownAgentsState,
  type ManifestRevision,
  type PendingAgent,
} from "./known_agents_state.ts";
export { reachesLevel, TRUST_LEVELS, type TrustGround, type TrustLevel } from "./trust_level.ts";
export type {
  AgentContact,
  Judgement,
  PendingReason,
  TrustNews,
  TrustPolicy,
} from "./trust_policy.ts";
