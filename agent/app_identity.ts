/**
 * Which app and component an agent says it belongs to.
 *
 * @module
 */
import { isAppName } from "../protocol/mod.ts";

/** The variable in which a Flux node names the app to its containers. */
export const FLUX_APP_VARIABLE = "FLUX_APP_NAME";

/** What an agent can know of where it runs. */
export interface AppIdentitySources {
  /** The app as the operator names it. */
  readonly appName: string | undefined;
  /** The component as the operator names it. */
  readonly componentName: string | undefined;
  /** The value of {@linkcode FLUX_APP_VARIABLE}. */
  readonly fluxAppName: string | undefined;
  /** The host name, which on a Flux node is the component. */
  readonly hostName: string | undefined;
}

/** Which app and component an agent belongs to. */
export interface AppIdentity {
  /** The app, or `null` where it is not known. */
  readonly app: string | null;
  /** The component, or `null` where it is not known. */
  readonly component: string | null;
  /** What was found and not used, in sentences for the operator. */
  readonly notes: readonly string[];
}

/**
 * Takes what the operator says, else what the Flux node says.
 *
 * Outside the Flux network a host name names no component, so without the node's variable it is not
 * looked at.
 *
 * @throws {RangeError} if the operator gives a name that the protocol cannot carry.
 */
export function findAppIdentity(sources: AppIdentitySources): AppIdentity {
  const { appName, componentName, fluxAppName, hostName } = sources;
  const notes: string[] = [];
  const given = (name: string): string => {
    if (isAppName(name)) return name;
    throw new RangeError(`${JSON.stringify(name)} is not 1 to 63 letters, digits, inner hyphens`);
  };
  const found = (name: string | undefined, what: string): string | null => {
    if (name === undefined || name === "") return null;
    if (isAppName(name)) return name;
    notes.push(`${what} cannot be used as a name: ${JSON.stringify(name)}`);
    return null;
  };
  const isOnFlux = fluxAppName !== undefined && fluxAppName !== "";
  return {
    app: appName !== undefined ? given(appName) : found(fluxAppName, FLUX_APP_VARIABLE),
    component: componentName !== undefined
      ? given(componentName)
      : isOnFlux
      ? found(hostName, "the host name")
      : null,
    notes,
  };
}
