/**
 * What of a primary takes the registrations of its sub-agents.
 *
 * @module
 */
export { REGISTRATIONS_PATH } from "./paths.ts";
export { Registrar } from "./registrar.ts";
export { type SubAgent, SubAgents } from "./sub_agents.ts";
