/**
 * Certificates for the application beside the agent: what was issued, and how more is.
 *
 * What makes keys and takes certificates apart is loaded with the first that is issued.
 *
 * @module
 */
export { openIssuedJournal } from "./issued_file.ts";
export { IssuedRecord } from "./issued_record.ts";
export { IssuingDesk, type IssuingDeskOptions } from "./issuing_desk.ts";
