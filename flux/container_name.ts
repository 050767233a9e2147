/**
 * The names that FluxOS gives to containers, and what they say about app and component.
 *
 * FluxOS may change the form of these names; nothing else in this library knows it. A container
 * that knows its app and component otherwise should not ask here.
 *
 * @module
 */
import { isRegistrableAppName, isRegistrableComponentName } from "./app_name.ts";

/** Which container of which app. */
export interface ContainerIdentity {
  /** The name of the app. */
  readonly app: string;
  /** The name of the component; absent for apps of specification 1 to 3, which have only one. */
  readonly component?: string;
}

/** What a reverse DNS answer inside an app's network says. */
export interface PointerIdentity extends ContainerIdentity {
  /** The app that owns the network, which differs for a container of a linked app. */
  readonly networkApp: string;
}

const NETWORK_PREFIX = "fluxDockerNetwork_";

/**
 * Writes the name of a container.
 *
 * @throws {TypeError} if app or component cannot have such a name.
 *
 * @example
 * ```ts
 * import { formatContainerName } from "@fluxvault/fluxvault/flux";
 *
 * const name = formatContainerName({ app: "vaultdemo", component: "agent" });
 * console.assert(name === "fluxagent_vaultdemo");
 * ```
 */
export function formatContainerName(identity: ContainerIdentity): string {
  const { app, component } = identity;
  if (!isRegistrableAppName(app)) throw new TypeError("the app cannot have this name");
  if (component === undefined) return `flux${app}`;
  if (!isRegistrableComponentName(component)) {
    throw new TypeError("the component cannot have this name");
  }
  return `flux${component}_${app}`;
}

/**
 * Parses the name of a container, with or without the slash that Docker's listings put before it.
 *
 * The prefix is taken off once and whole: `fluxlucid_app` is the component `lucid`. The prefix `zel`
 * of the oldest apps is taken too.
 *
 * @returns App and component, or `null` where FluxOS would not have given this name.
 *
 * @example
 * ```ts
 * import { parseContainerName } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(parseContainerName("fluxlucid_vaultdemo")?.component === "lucid");
 * console.assert(parseContainerName("watchtower") === null);
 * ```
 */
export function parseContainerName(name: string): ContainerIdentity | null {
  const bare = /^\/?(?:flux|zel)(.+)$/.exec(name)?.[1];
  if (bare === undefined) return null;
  const separator = bare.indexOf("_");
  if (separator === -1) return isRegistrableAppName(bare) ? { app: bare } : null;
  const component = bare.slice(0, separator);
  const app = bare.slice(separator + 1);
  return isRegistrableAppName(app) && isRegistrableComponentName(component)
    ? { app, component }
    : null;
}

/**
 * Parses what a container's resolver answers for the address of a container beside it, for example
 * `fluxweb_myapp.fluxDockerNetwork_myapp.`
 *
 * Containers of other apps of the same owner can share the network, so `app` is to be compared; that
 * the answer came from the own network proves nothing.
 *
 * @returns App, component and network, or `null` where the text has another form.
 *
 * @example
 * ```ts
 * import { parseContainerPointer } from "@fluxvault/fluxvault/flux";
 *
 * const peer = parseContainerPointer("fluxweb_myapp.fluxDockerNetwork_myapp.");
 * console.assert(peer?.component === "web" && peer.app === "myapp");
 * ```
 */
export function parseContainerPointer(pointer: string): PointerIdentity | null {
  const [name, network, ...rest] = pointer.replace(/\.$/, "").split(".");
  if (name === undefined || network === undefined || rest.length > 0) return null;
  if (name.startsWith("/") || !network.startsWith(NETWORK_PREFIX)) return null;
  const identity = parseContainerName(name);
  const networkApp = network.slice(NETWORK_PREFIX.length);
  return identity !== null && isRegistrableAppName(networkApp) ? { ...identity, networkApp } : null;
}
