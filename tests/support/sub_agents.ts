/** The agents of one app on this machine, and a keeper that reaches some of them through another. */
import type { CallDesk } from "../../protocol/calls/mod.ts";
import { converseAsKeeper } from "../../protocol/calls/mod.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { ConnectionError, FluxVaultError } from "../../protocol/errors.ts";
import { freePort } from "./free_port.ts";
import { startPlainAgent } from "./signed_agent.ts";
import {
  deliverInSession,
  openSignedSession,
  openSignedSessionOver,
  type SignedDelivery,
} from "./signing.ts";
import { type RunningAgent, Site } from "./site.ts";

/** What all of them know. */
export const REGISTRAR_KEY = "correct-horse-battery-staple";
/** A keeper that signs nothing. */
export const UNSIGNED: SignedDelivery = { signer: null };

/** How to start one of them. */
export interface AppAgentStart {
  /** The port that it listens on. @default {0} */
  readonly port?: number;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Variables. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether it asks nobody to sign. @default {true} */
  readonly isTrusting?: boolean;
}

/** A folder with the agents of an app; `await using` ends and removes them. */
export class AppSite implements AsyncDisposable {
  readonly site: Site;
  /** The port of the registrar, which stays the same while the primary restarts. */
  readonly registrarPort: number = freePort();
  readonly #keyPath: string;

  private constructor(site: Site, keyPath: string) {
    this.site = site;
    this.#keyPath = keyPath;
  }

  /** Makes the folder. */
  static async open(): Promise<AppSite> {
    const site = await Site.open();
    const keyPath = site.path("registrar.key");
    await Deno.writeTextFile(keyPath, `${REGISTRAR_KEY}\n`);
    return new AppSite(site, keyPath);
  }

  /** Starts the primary. */
  async startPrimary(start: AppAgentStart = {}): Promise<RunningAgent> {
    const { port = 0, args = [], variables = {} } = start;
    return await startPlainAgent(this.site, {
      name: "primary",
      port,
      variables,
      args: [
        ...["--whitelisted-addresses=127.0.0.1", "--app-name=shop", "--component-name=agent"],
        ...["--enable-registrar", "--registrar-address=127.0.0.1"],
        ...[`--registrar-port=${this.registrarPort}`, `--registrar-key=${this.#keyPath}`],
        ...args,
      ],
    });
  }

  /** Starts a sub-agent. */
  async startSubAgent(component: string, start: AppAgentStart = {}): Promise<RunningAgent> {
    const { port = 0, args = [], variables = {}, isTrusting = true } = start;
    return await startPlainAgent(this.site, {
      name: component,
      port,
      variables,
      args: [
        ...["--subordinate", "--app-name=shop", `--component-name=${component}`],
        ...["--primary-agent-address=127.0.0.1", `--primary-agent-port=${this.registrarPort}`],
        `--registrar-key=${this.#keyPath}`,
        ...(isTrusting ? ["--trust-primary-agent"] : []),
        ...args,
      ],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

/** Counts how often a sub-agent has registered, as the log of the primary tells it. */
export function countRegistered({ program }: RunningAgent, component: string): number {
  const pattern = new RegExp(`a sub-agent has registered.*\\b${component}\\b`, "g");
  return program.stderr.match(pattern)?.length ?? 0;
}

/** Waits until the log of the primary tells that a sub-agent has registered. */
export async function untilRegistered(
  primary: RunningAgent,
  component: string,
  times = 1,
): Promise<void> {
  const isThere = () => countRegistered(primary, component) >= times || undefined;
  await primary.program.waitFor(isThere);
}

/** Calls a primary in a session without a delivery. */
export async function withPrimary<T>(
  primary: { readonly host: string; readonly port: number },
  work: (desk: CallDesk) => Promise<T>,
  delivery: SignedDelivery = UNSIGNED,
): Promise<T> {
  return await converseAsKeeper(await openSignedSession(primary, delivery), work);
}

/** Returns the components that a primary lists. */
export async function listComponents(desk: CallDesk): Promise<readonly string[]> {
  const { Agents } = await desk.call("relay-list") as { Agents: { Component: string }[] };
  return Agents.map(({ Component }) => Component);
}

/** Delivers files to a sub-agent through its primary. */
export async function deliverThrough(
  desk: CallDesk,
  component: string,
  { files, ...delivery }: { readonly files: Record<string, string> } & Partial<SignedDelivery>,
): Promise<DeliveryReport> {
  const signed = { ...UNSIGNED, ...delivery };
  const duplex = await desk.openDuplex("relay", { input: { Component: component } });
  try {
    const session = await openSignedSessionOver(duplex, signed);
    const report = await deliverInSession(session, files, signed);
    // Closing before the primary has answered would cut off what has come to its end.
    await duplex.result;
    return report;
  } finally {
    duplex.close();
  }
}

/** Returns how something went: a value, or the code of what went wrong. */
export async function outcome<T>(promise: Promise<T>): Promise<T | string> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof FluxVaultError) return error.code;
    throw error;
  }
}
