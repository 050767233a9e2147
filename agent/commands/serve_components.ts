/**
 * What the agent program does as a primary, or as a sub-agent; nothing in an agent that is neither.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import type { AgentOptions } from "../agent.ts";
import type { AppIdentity } from "../app_identity.ts";
import { resolveHostName } from "../door/name_resolver.ts";
import type { NameResolver } from "../door/peer_policy.ts";
import type { Figure } from "../http/mod.ts";
import type { LoadedIdentity } from "../identity_file.ts";
import { type PrimaryPlace, resolveNear } from "../subordinate/primary.ts";
import { readsRegistrar } from "./component_settings.ts";
import type { ServeContext } from "./serve_context.ts";
import type { ServedRegistrar } from "./serve_registrar.ts";
import type { ServedSubordinate } from "./serve_subordinate.ts";

/** What a primary or a sub-agent is made from. */
export interface ComponentParts {
  /** The app and the component. */
  readonly names: AppIdentity;
  /** Who the agent is. */
  readonly identity: LoadedIdentity;
  /** The enrolment secret, or `null`. */
  readonly enrolmentSecret: Bytes | null;
  /** Where the primary is; `null` for an agent that has none. */
  readonly primary: PrimaryPlace | null;
  /** The port on which the agent listens. */
  readonly port: number;
}

/** What there is of both. */
interface Served {
  readonly registrar: ServedRegistrar | null;
  readonly subordinate: ServedSubordinate | null;
  readonly resolveName: NameResolver;
}

/** What an agent does for, or through, the other agents of its app. */
export class ServedComponents implements Disposable {
  readonly #served: Served;

  private constructor(served: Served) {
    this.#served = served;
  }

  /**
   * Loads what is asked for.
   *
   * @throws {ConfigError} where a setting cannot be used.
   */
  static async open(context: ServeContext, parts: ComponentParts): Promise<ServedComponents> {
    const resolveName = await openResolver(context, parts.primary);
    return new ServedComponents({
      resolveName,
      registrar: await openRegistrar(context, parts),
      subordinate: await openSubordinate(context, parts, resolveName),
    });
  }

  /** What takes registrations, and where; `null` in an agent that is no primary. */
  get registrar(): Pick<ServedRegistrar, "handle" | "place"> | null {
    return this.#served.registrar;
  }

  /** What looks up names of peers. */
  get resolveName(): NameResolver {
    return this.#served.resolveName;
  }

  /** What the agent needs for it. */
  get agentOptions(): Pick<AgentOptions, "calls" | "secure" | "sharesAddress" | "wants"> {
    const { registrar, subordinate } = this.#served;
    if (registrar !== null) return { calls: registrar.calls, wants: registrar.wants };
    return subordinate === null ? {} : { ...subordinate.agentOptions, sharesAddress: true };
  }

  /** What is measured of it. */
  figures(): readonly Figure[] {
    const { registrar, subordinate } = this.#served;
    return [...registrar?.figures() ?? [], ...subordinate?.figures() ?? []];
  }

  /** Keeps a sub-agent registered until the signal is aborted. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#served.subordinate?.run(options);
  }

  [Symbol.dispose](): void {
    this.#served.registrar?.[Symbol.dispose]();
  }
}

async function openResolver(
  context: ServeContext,
  primary: PrimaryPlace | null,
): Promise<NameResolver> {
  if (primary?.isContainer !== true) return resolveHostName;
  const { openContainerResolver } = await import("./container_dns.ts");
  const given = context.settings.components?.fileserverDns;
  return resolveNear(await openContainerResolver(context, given));
}

async function openRegistrar(
  context: ServeContext,
  parts: ComponentParts,
): Promise<ServedRegistrar | null> {
  if (!readsRegistrar(context, parts.names)) return null;
  const { openRegistrar } = await import("./serve_registrar.ts");
  return await openRegistrar(context, parts);
}

async function openSubordinate(
  context: ServeContext,
  { primary, ...parts }: ComponentParts,
  resolve: NameResolver,
): Promise<ServedSubordinate | null> {
  if (primary === null) return null;
  const { openSubordinate } = await import("./serve_subordinate.ts");
  return await openSubordinate(context, { ...parts, primary, resolve });
}
