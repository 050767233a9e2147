/**
 * The audit log itself: its lines, each with the hash of the one before it, and where they are kept.
 *
 * The file on this machine, `audit_file.ts`, touches the system and is imported by itself.
 *
 * @module
 */
export {
  type AuditEvent,
  type AuditLine,
  type ChainEnd,
  decodeAuditLine,
  EMPTY_CHAIN,
  hashLine,
} from "./audit_line.ts";
export { AuditError, type AuditLog, MemoryAuditLog } from "./audit_log.ts";
