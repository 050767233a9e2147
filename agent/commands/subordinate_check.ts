/**
 * The check of what the operator of a sub-agent says of who may connect.
 *
 * Loaded by sub-agents alone.
 *
 * @module
 */
import { isGiven, settingError } from "../../protocol/host/mod.ts";
import type { ServeContext } from "./serve_context.ts";

/**
 * Checks that keepers sign, or that whoever comes through the primary is let in by the operator's word.
 *
 * @throws {ConfigError} where neither is so, or the settings contradict each other.
 */
export function checkSubordinate({ settings, resolved, logger }: ServeContext): void {
  for (const name of ["whitelisted-addresses", "verify-source-address", "original-wire"]) {
    if (!isGiven(resolved, name)) continue;
    throw settingError(resolved, {
      name,
      problem:
        "contradicts --subordinate: only the primary connects to a sub-agent, so that every " +
        "keeper comes from its address",
      hint: "Leave it out; --signed-vault-connections tells keepers apart.",
    });
  }
  const isTrusted = settings.components?.trustPrimaryAgent === true;
  if (settings.signedVaultConnections) {
    if (!isTrusted) return;
    throw settingError(resolved, {
      name: "trust-primary-agent",
      problem: "has no use beside --signed-vault-connections",
      hint: "Leave one of them out.",
    });
  }
  if (!isTrusted) {
    throw settingError(resolved, {
      name: "subordinate",
      problem: "needs --signed-vault-connections: a sub-agent cannot tell keepers by their " +
        "addresses, and whoever has that of the primary could put files here",
      hint: "Add --signed-vault-connections; or, to let in whoever comes through the primary, " +
        "--trust-primary-agent.",
    });
  }
  logger.warn("keepers need not sign: whoever comes through the primary can put files here");
}
