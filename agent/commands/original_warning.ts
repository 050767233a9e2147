/**
 * What is said where the wire of the original FluxVault is on.
 *
 * Loaded only there.
 *
 * @module
 */
import { limits, requestLineBytes } from "../original_wire.ts";
import type { ServeContext } from "./serve_context.ts";

/** Says once what the wire cannot do, whatever its two ends do. */
export function warnOfOriginal(
  { settings, logger }: Pick<ServeContext, "settings" | "logger">,
): void {
  logger.warn(
    "the wire of the original FluxVault is on: whoever is on the path between these addresses and " +
      "this agent can read and change every file; a vault is known by its address alone, notices " +
      "no message that is played again, and makes keys of 128 bits; the lengths of files show. " +
      "Turn it off when the vault is replaced",
    { addresses: settings.originalWire.join(", ") },
  );
  const { SAFE_NODE_LINE_BYTES: safe } = limits;
  for (const file of settings.files) {
    const bytes = requestLineBytes(file);
    if (bytes <= safe) continue;
    logger.warn("a file name is long: an original vault may get a part of the request only", {
      file,
      bytes,
      safe,
    });
  }
}
