/**
 * The sub-agent's part of the agent program: how it finds its primary, and stays registered with it.
 *
 * Loaded only where it is asked for.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import type { AppIdentity } from "../app_identity.ts";
import type { NameResolver } from "../door/peer_policy.ts";
import type { Figure } from "../http/mod.ts";
import type { LoadedIdentity } from "../identity_file.ts";
import {
  type Applicant,
  Membership,
  type PrimaryPlace,
  registerWithPrimary,
} from "../subordinate/mod.ts";
import { readRegistrarKey } from "./registrar_key.ts";
import type { ServeContext } from "./serve_context.ts";

/** What a sub-agent is made from. */
export interface SubordinateParts {
  /** Where its primary is. */
  readonly primary: PrimaryPlace;
  /** What looks that up. */
  readonly resolve: NameResolver;
  /** The app and the component that it is. */
  readonly names: AppIdentity;
  /** Who it is. */
  readonly identity: LoadedIdentity;
  /** What it proves besides, or `null`. */
  readonly enrolmentSecret: Bytes | null;
  /** The port on which it listens for the primary. */
  readonly port: number;
  /** Whether it speaks TLS there; asked each time. */
  readonly tls: () => boolean;
}

/** A sub-agent's place with its primary. */
export interface ServedSubordinate {
  /** Registers again and again; resolves once the signal is aborted. */
  run(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Whether it is registered, for whoever measures. */
  figures(): readonly Figure[];
}

/**
 * Makes what registers; asks nobody yet.
 *
 * @throws {ConfigError} where a setting cannot be used.
 */
export async function openSubordinate(
  context: ServeContext,
  { primary, resolve, names, identity, enrolmentSecret, port, tls }: SubordinateParts,
): Promise<ServedSubordinate> {
  const { settings: { components }, logger } = context;
  const { app, component } = names;
  if (components === null || app === null || component === null) {
    throw new TypeError("a sub-agent needs settings");
  }
  const registrarKey = await readRegistrarKey(context, components.registrarKey);
  const membership = new Membership({
    logger,
    register: (signal) => {
      const applicant: Applicant = {
        claim: { app, component, port, tls: tls() },
        identity: identity.identity,
        enrolmentSecret,
        registrarKey,
      };
      return registerWithPrimary(applicant, { primary, resolve, signal });
    },
  });
  return {
    run: (options) => membership.run(options),
    figures: () => [{
      name: "fluxvault_registered",
      help: "Whether this sub-agent is registered with its primary.",
      samples: [[{}, Number(membership.isRegistered)]],
    }],
  };
}
