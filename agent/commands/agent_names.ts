/**
 * Which app and component the agent program says that it belongs to.
 *
 * @module
 */
import { settingError } from "../../protocol/host/mod.ts";
import { type AppIdentity, findAppIdentity, FLUX_APP_VARIABLE } from "../app_identity.ts";
import type { ServeContext } from "./serve_context.ts";

/**
 * Reads the names; says in the log what was found and cannot be used.
 *
 * @throws {ConfigError} for a name that the protocol cannot carry.
 */
export function readNames(context: ServeContext): AppIdentity {
  const { resolved, settings, env, logger } = context;
  const sources = {
    appName: settings.appName,
    componentName: settings.componentName,
    fluxAppName: env.get(FLUX_APP_VARIABLE),
    hostName: hostName(),
  };
  const attempt = (name: "app-name" | "component-name", tried: typeof sources): AppIdentity => {
    try {
      return findAppIdentity(tried);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw settingError(resolved, { name, problem: `cannot be used: ${error.message}` });
    }
  };
  attempt("app-name", { ...sources, componentName: undefined });
  const names = attempt("component-name", sources);
  for (const note of names.notes) logger.info(note);
  return names;
}

function hostName(): string | undefined {
  try {
    return Deno.hostname();
  } catch {
    return undefined;
  }
}
