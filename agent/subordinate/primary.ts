/**
 * Where the primary of a sub-agent is: looked up anew each time, since a container that is made anew has
 * another address.
 *
 * @module
 */
import { ConnectionError } from "../../protocol/mod.ts";
import { isNear } from "../neighbours/neighbours.ts";
import type { NameResolver, PeerRule } from "../door/peer_policy.ts";

/** Where the primary is. */
export interface PrimaryPlace {
  /** Who may connect to the sub-agent: the primary, by an address or a name. */
  readonly rule: PeerRule;
  /** The name or address as people write it. */
  readonly host: string;
  /** The port of its registrar. */
  readonly port: number;
  /** Whether the name is one of the containers' network, where every address is a private one. */
  readonly isContainer: boolean;
}

/** Returns the name by which the containers of an app know the primary of that app. */
export function primaryName(component: string, app: string): string {
  return `flux${component}_${app}`.toLowerCase();
}

/**
 * Looks up names as a resolver does, and takes no address for the primary that cannot be that of a
 * container.
 */
export function resolveNear(resolve: NameResolver): NameResolver {
  return async (name, options) => {
    const addresses = await resolve(name, options);
    const near = addresses.filter(isNear);
    if (near.length > 0 || addresses.length === 0) return near;
    throw new ConnectionError(
      "host-not-found",
      `${name} leads to no address of a private network`,
      { hint: "If the primary is elsewhere, name it with --primary-agent-address." },
    );
  };
}
