/**
 * What of a sub-agent keeps it known to its primary.
 *
 * @module
 */
export { Membership } from "./membership.ts";
export { type PrimaryPlace } from "./primary.ts";
export { registerWithPrimary } from "./primary_dial.ts";
export { type Applicant } from "./registrar_client.ts";
