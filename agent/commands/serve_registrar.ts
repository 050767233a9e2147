/**
 * The primary's part of the agent program: who is registered, and what keepers may call to reach them.
 *
 * Loaded only where it is asked for.
 *
 * @module
 */
import type { Bytes, SessionCalls } from "../../protocol/mod.ts";
import type { AddressHandler, Figure } from "../http/mod.ts";
import { Neighbours } from "../neighbours/mod.ts";
import { Registrar, SubAgents } from "../registrar/mod.ts";
import { dialSubAgent, RELAY_WANT, RelayDesk } from "../relay/mod.ts";
import type { AppIdentity } from "../app_identity.ts";
import type { LoadedIdentity } from "../identity_file.ts";
import { openContainerNames } from "./container_dns.ts";
import { readRegistrarKey } from "./registrar_key.ts";
import type { ServeContext } from "./serve_context.ts";

/** What a registrar is made from. */
export interface RegistrarParts {
  /** The app and the component of the primary. */
  readonly names: AppIdentity;
  /** Who the primary is. */
  readonly identity: LoadedIdentity;
  /** What sub-agents have to know, where the primary knows it. */
  readonly enrolmentSecret: Bytes | null;
}

/** The registrar of a primary. */
export interface ServedRegistrar extends Disposable {
  /** Where it is to be served. */
  readonly place: { readonly hostname: string; readonly port: number };
  /** Answers requests. */
  readonly handle: AddressHandler;
  /** What keepers may call. */
  readonly calls: SessionCalls;
  /** What READY says of that. */
  readonly wants: readonly string[];
  /** How many there are, for whoever measures. */
  readonly figures: () => readonly Figure[];
}

/**
 * Makes what takes registrations, and what relays; serves nothing yet.
 *
 * @throws {ConfigError} where a setting cannot be used.
 */
export async function openRegistrar(
  context: ServeContext,
  { names: { app, component }, identity, enrolmentSecret }: RegistrarParts,
): Promise<ServedRegistrar> {
  const { settings: { components }, logger } = context;
  if (components === null || app === null) throw new TypeError("a registrar needs settings");
  const agents = new SubAgents({
    onGone: ({ component, address }) => {
      logger.warn("a sub-agent has not registered again", { component, address });
    },
  });
  const registrar = new Registrar({
    app,
    component,
    publicKey: identity.identity.publicKey,
    agents,
    neighbours: new Neighbours({
      app,
      names: await openContainerNames(context, components.fileserverDns),
    }),
    key: await readRegistrarKey(context, components.registrarKey),
    enrolmentSecret,
    logger,
  });
  const desk = new RelayDesk({ agents, dial: dialSubAgent, logger });
  return {
    place: { hostname: components.registrarAddress, port: components.registrarPort },
    handle: (request, address) => registrar.handle(request, address),
    calls: { actions: desk.actions },
    wants: [RELAY_WANT],
    figures: () => figuresOf(agents, desk),
    [Symbol.dispose]: () => registrar.flush(),
  };
}

function figuresOf(agents: SubAgents, desk: RelayDesk): readonly Figure[] {
  const { open, ended, failed } = desk.counts;
  return [
    {
      name: "fluxvault_sub_agents",
      help: "Sub-agents that are registered.",
      samples: [[{}, agents.list().length]],
    },
    {
      name: "fluxvault_relays_open",
      help: "Streams of keepers to sub-agents that are open.",
      samples: [[{}, open]],
    },
    {
      name: "fluxvault_relays_total",
      help: "Streams of keepers to sub-agents that are over, by result.",
      samples: [[{ result: "ended" }, ended], [{ result: "failed" }, failed]],
    },
  ];
}
