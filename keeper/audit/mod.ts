/**
 * What a keeper puts on record: whom it trusts, what it gives to whom, and what came of it.
 *
 * @module
 */
export { type AuditEvent, type AuditLine, decodeAuditLine } from "./audit_line.ts";
export { AuditError, type AuditLog, MemoryAuditLog } from "./audit_log.ts";
export { type AuditedAgent, AuditRecorder, type AuditRecorderOptions } from "./audit_recorder.ts";
export { type AuditFault, type AuditVerdict, verifyAudit } from "./audit_walk.ts";
export { AuditedDeliveries } from "./audited_deliveries.ts";
export {
  AuditedKnownAgents,
  type AuditedKnownAgentsOptions,
  describeTrustChanges,
} from "./audited_known_agents.ts";
export { type ContentsFingerprint, createContentsFingerprint } from "./contents_fingerprint.ts";
export { type SplitLine, splitLines } from "./line_split.ts";
export { type AgentResults, recordDelivery, type RecordedDelivery } from "./recorded_delivery.ts";
