/**
 * Agents behind a primary: who they are, and the way to them.
 *
 * @module
 */
export { RelayLink, type RelayLinkOptions, type RelayUse } from "./relay_link.ts";
export { type OpenPrimary, RelayLinks } from "./relay_links.ts";
export { RELAY_WANT, type RelayedAgent, type RelayedAgents } from "./relayed_agents.ts";
export { findRelayOnly, lookUpRelayOnly, type RelayOnlyOptions } from "./relay_only.ts";
export {
  explainRelayFault,
  type RelayedContact,
  RelayedPass,
  type RelayedPassParts,
} from "./relayed_pass.ts";
