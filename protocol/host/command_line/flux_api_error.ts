/**
 * The mistake of both programs' option `--flux-api`.
 *
 * @module
 */
import type { ConfigError } from "../../errors.ts";
import { type ResolvedSettings, settingError } from "./settings.ts";

/**
 * Makes the error for a value of `--flux-api` that no client takes for an address.
 *
 * @param cause What the client says of it.
 */
export function fluxApiError(resolved: ResolvedSettings, cause: unknown): ConfigError {
  return settingError(resolved, {
    name: "flux-api",
    problem: "holds what is no address of an API",
    hint: "Write http:// or https:// addresses without user, query or fragment.",
    cause,
  });
}
