/**
 * The plugins of the agent program.
 *
 * Loaded only where the operator allows plugins.
 *
 * @module
 */
import { delay as wait, PeerRejectedError } from "../../protocol/mod.ts";
import { recoverSigner } from "../../flux/mod.ts";
import type { Agent } from "../agent.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { type DiskSecretStore, openDiskRoots } from "../disk/mod.ts";
import { PLUGIN_TRUST_PAUSE_MS } from "../limits.ts";
import {
  AgentPlugins,
  DiskPluginStore,
  pluginActions,
  type PluginCeiling,
  WalledPluginHost,
} from "../plugins/mod.ts";
import type { TrustedSigners } from "../trust/mod.ts";
import type { ServeContext } from "./serve_context.ts";

/** What plugins are opened with. */
export interface ServedPluginsParts {
  /** What they may do. */
  readonly settings: PluginCeiling;
  /** Whose signature counts. */
  readonly trust: { readonly signers: TrustedSigners };
  /** The real path of the folder of state. */
  readonly stateFolder: string;
  /** The real path of the working folder. */
  readonly workingFolder: string;
  /** What the agent holds. */
  readonly store: Pick<DiskSecretStore, "held">;
}

/** The plugins of an agent; they run until disposed. */
export class ServedPlugins implements AsyncDisposable {
  readonly #context: ServeContext;
  readonly #parts: ServedPluginsParts;
  readonly #host: WalledPluginHost;
  #plugins: AgentPlugins | null = null;

  private constructor(context: ServeContext, parts: ServedPluginsParts, host: WalledPluginHost) {
    this.#context = context;
    this.#parts = parts;
    this.#host = host;
  }

  /**
   * Opens what they are run with; nothing runs yet.
   *
   * @throws {StorageError} where a folder cannot be used.
   */
  static async open(context: ServeContext, parts: ServedPluginsParts): Promise<ServedPlugins> {
    const { stateFolder, workingFolder, store } = parts;
    const { logger, settings: { allowAbsolute: absoluteFolders } } = context;
    const disk = await openDiskRoots({ workingFolder, stateFolder, absoluteFolders });
    const host = new WalledPluginHost({ disk, stateFolder, logger, held: () => store.held });
    return new ServedPlugins(context, parts, host);
  }

  /**
   * Offers what keepers call for plugins, and begins with those that were kept.
   *
   * @param signal Ends the wait for those whose signature counts.
   */
  async attach(agent: Pick<Agent, "action">, signal: AbortSignal): Promise<void> {
    const { settings: ceiling, trust: { signers }, stateFolder } = this.#parts;
    const { logger } = this.#context;
    const plugins = new AgentPlugins({
      store: new DiskPluginStore(stateFolder),
      host: this.#host,
      ceiling,
      signers,
      recover: recoverSigner,
      offer: (action) => agent.action(action),
      logger,
    });
    this.#plugins = plugins;
    await plugins.load();
    for (const action of pluginActions(plugins)) agent.action(action);
    const resuming = this.#resume(plugins, signal);
    // Whoever calls one of them as soon as the agent listens finds it, where nobody has to be asked.
    if (this.#context.settings.zelid.length > 0) await resuming;
  }

  /** Takes how a session ended. */
  noteReport(report: AgentSessionReport): void {
    this.#plugins?.noteReport(report);
  }

  /** Stops all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plugins?.[Symbol.asyncDispose]();
  }

  async #resume(plugins: AgentPlugins, signal: AbortSignal): Promise<void> {
    const { delay = wait, logger } = this.#context;
    while (!signal.aborted) {
      try {
        return await plugins.resume();
      } catch (error) {
        if (!(error instanceof PeerRejectedError)) {
          logger.error("plugins that were kept cannot be looked at", { error });
          return;
        }
        await delay(PLUGIN_TRUST_PAUSE_MS, signal).catch(() => {});
      }
    }
  }
}
