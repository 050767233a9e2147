/**
 * Which agents a keeper trusts, and what it remembers of them.
 *
 * @module
 */
export {
  type AgentSelection,
  type ApprovalOutcome,
  approveAgents,
  forgetAgents,
  type ForgetOutcome,
} from "./approval.ts";
export {
  KnownAgents,
  type KnownAgentsOptions,
  type KnownAgentsStore,
  MemoryKnownAgentsStore,
} from "./known_agents.ts";
export {
  EMPTY_STATE,
  type KnownAgent,
  type KnownAgentsState,
  type ManifestRevision,
  type PendingAgent,
  type TrustGround,
} from "./known_agents_state.ts";
export type { AgentContact, Judgement, TrustPolicy } from "./trust_policy.ts";
