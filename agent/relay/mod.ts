/**
 * What of a primary carries the bytes between keepers and sub-agents.
 *
 * @module
 */
export { dialSubAgent } from "./dial_sub_agent.ts";
export { RELAY_WANT, RelayDesk } from "./relay_desk.ts";
