/**
 * The sub-agent's part of the agent program: how it finds its primary, and stays registered with it.
 *
 * Loaded only where it is asked for.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import type { AgentOptions } from "../agent.ts";
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
import { readsMutualTls } from "./component_settings.ts";
import { readRegistrarKey } from "./registrar_key.ts";
import type { ServeContext } from "./serve_context.ts";
import type { MutualTlsParts, ServedMutualTls } from "./serve_mutual_tls.ts";

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
}

/** A sub-agent's place with its primary. */
export interface ServedSubordinate {
  /** Registers again and again; resolves once the signal is aborted. */
  run(options: { readonly signal: AbortSignal }): Promise<void>;
  /** What the agent needs for it. */
  readonly agentOptions: Pick<AgentOptions, "calls" | "secure">;
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
  { primary, resolve, names, identity, enrolmentSecret, port }: SubordinateParts,
): Promise<ServedSubordinate> {
  const { settings: { components }, logger } = context;
  const { app, component } = names;
  if (components === null || app === null || component === null) {
    throw new TypeError("a sub-agent needs settings");
  }
  const registrarKey = await readRegistrarKey(context, components.registrarKey);
  const onChange = () => membership.renew();
  const mutualTls = await openMutualTls(context, { app, component, onChange });
  const membership = new Membership({
    logger,
    register: async (signal) => {
      const tls = mutualTls?.isHeld ?? false;
      const applicant: Applicant = {
        claim: { app, component, port, tls },
        identity: identity.identity,
        enrolmentSecret,
        registrarKey,
      };
      const instance = await registerWithPrimary(applicant, { primary, resolve, signal });
      mutualTls?.noteAnnounced(tls);
      return instance;
    },
  });
  return {
    run: (options) => membership.run(options),
    agentOptions: mutualTls === null ? {} : {
      calls: mutualTls.calls,
      secure: (duplex, options) => mutualTls.secure(duplex, options),
    },
    figures: () => [{
      name: "fluxvault_registered",
      help: "Whether this sub-agent is registered with its primary.",
      samples: [[{}, Number(membership.isRegistered)]],
    }],
  };
}

/** Loads what has to do with certificates only where mutual TLS is asked for. */
async function openMutualTls(
  context: ServeContext,
  parts: Omit<MutualTlsParts, "logger">,
): Promise<ServedMutualTls | null> {
  if (!readsMutualTls(context)) return null;
  const { ServedMutualTls } = await import("./serve_mutual_tls.ts");
  return new ServedMutualTls({ ...parts, logger: context.logger });
}
