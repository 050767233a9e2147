/**
 * All that is declared for the agents of one fleet.
 *
 * @module
 */
import type { Hook, Service } from "../../protocol/mod.ts";
import { reachesLevel, type TrustLevel } from "../trust/mod.ts";
import type { ApplicationCertificate } from "./application_certificate.ts";
import type { Declaration } from "./declaration.ts";

/**
 * Says what agents should hold, by their components.
 *
 * @example
 * ```ts
 * import { type Declarations, parseManagedFiles } from "@fluxvault/fluxvault/keeper";
 *
 * const [web, others] = [parseManagedFiles(["tls:/etc/tls"]), parseManagedFiles(["motd"])];
 * const declarations: Declarations = {
 *   all: [...web, ...others],
 *   components: ["web"],
 *   hooks: [],
 *   of: (component) => component === "web" ? web : others,
 * }; // For `new Keeper({ declarations, ... })`.
 * console.assert(declarations.of("web")[0]?.target === "/etc/tls");
 * console.assert(declarations.of(null)[0]?.source === "motd"); // Who says no component.
 * ```
 */
export interface Declarations {
  /** All that is declared, for whatever component. */
  readonly all: readonly Declaration[];
  /** The components that it tells apart. @default {[]} */
  readonly components?: readonly string[];
  /** The hooks that declarations name. */
  readonly hooks: readonly Hook[];
  /** The certificates that declarations name. @default {[]} */
  readonly certificates?: readonly ApplicationCertificate[];
  /** Returns the services of a component, or of agents that name none, `null`. @default {none} */
  readonly servicesOf?: (component: string | null) => readonly Service[];
  /**
   * Returns what is declared for the agents of a component, or for one that names none, `null`: each
   * of it is in {@linkcode Declarations.all}, no two have one target, and the list is the same one each
   * time.
   */
  of(component: string | null): readonly Declaration[];
}

/**
 * Declares the same for every agent.
 *
 * @example
 * ```ts
 * import { declareForAll, parseManagedFiles } from "@fluxvault/fluxvault/keeper";
 *
 * const declarations = declareForAll(parseManagedFiles(["db.password", "tls:/etc/tls"]));
 * console.assert(declarations.of("web") === declarations.all);
 * ```
 */
export function declareForAll(
  all: readonly Declaration[],
  hooks: readonly Hook[] = [],
): Declarations {
  return { all, hooks, of: () => all };
}

/** Tells whether something is looked for in a vault, and not issued. */
export function isOfVault({ issued }: Declaration): boolean {
  return issued === undefined;
}

/**
 * Finds a certificate by its name among those that an agent of a component and level is given something
 * of; `null` where there is none.
 */
export function findGivenCertificate(
  declarations: Declarations,
  name: string,
  { component, level }: { readonly component: string | null; readonly level: TrustLevel },
): ApplicationCertificate | null {
  const { certificates = [] } = declarations;
  const isGiven = declarations.of(component).some(({ issued, requires }) => {
    return issued?.certificate === name &&
      (requires === undefined || reachesLevel(level, requires));
  });
  return (isGiven ? certificates.find((one) => one.name === name) : undefined) ?? null;
}
