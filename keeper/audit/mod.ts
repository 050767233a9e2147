/**
 * What a keeper puts on record: whom it trusts, what it gives to whom, and what came of it.
 *
 * @module
 */
export { type AuditedAgent, AuditRecorder, type AuditRecorderOptions } from "./audit_recorder.ts";
export { AuditedDeliveries } from "./audited_deliveries.ts";
export {
  AuditedKnownAgents,
  type AuditedKnownAgentsOptions,
  describeTrustChanges,
} from "./audited_known_agents.ts";
export { type ContentsFingerprint, createContentsFingerprint } from "./contents_fingerprint.ts";
export {
  AuditError,
  type AuditEvent,
  type AuditLine,
  type AuditLog,
  decodeAuditLine,
  MemoryAuditLog,
} from "./log/mod.ts";
export {
  type AuditFault,
  type AuditVerdict,
  type SplitLine,
  splitLines,
  verifyAudit,
} from "./reading/mod.ts";
export { type AgentResults, recordDelivery, type RecordedDelivery } from "./recorded_delivery.ts";
