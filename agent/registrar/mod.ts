/**
 * What of a primary takes the registrations of its sub-agents.
 *
 * @module
 */
export { Registrar, REGISTRATIONS_PATH } from "./registrar.ts";
export { type SubAgent, SubAgents } from "./sub_agents.ts";
