/**
 * Reading an audit log: whether it is whole, what it says, and what was given to whom.
 *
 * What touches the system, `audit_text.ts` and `given_before.ts`, is imported by itself.
 *
 * @module
 */
export { type AuditFault, type AuditVerdict, verifyAudit } from "./audit_walk.ts";
export { type SplitLine, splitLines } from "./line_split.ts";
