/**
 * The plugins of a keeper that serves: what they run in, and what they are told.
 *
 * @module
 */
import type { AgentReport } from "../../report/report.ts";
import type { ReachableFleet } from "../../plugins/mod.ts";
import type { CertificateDesk } from "../certificate_desk.ts";
import type { ServeContext } from "../run_context.ts";

/** Runs plugins beside the apps that are served; `await using` stops them. */
export interface PluginHost extends AsyncDisposable {
  /** Lets plugins reach the agents of an app, until this is disposed of. */
  noteApp(fleet: ReachableFleet): Disposable;
  /** Tells plugins how a contact ended; never throws. */
  tell(report: AgentReport, app: string | null): void;
  /** Waits until plugins have done what they were told, unless the keeper is to stop; not for long. */
  settle(): Promise<void>;
}

/** What plugins of a keeper that serves are opened with. */
export interface PluginHostParts {
  /** The folder of state. */
  readonly stateFolder: string;
  /** Has the authority. */
  readonly certificates: Pick<CertificateDesk, "open">;
}

/**
 * Starts the plugins that are named; where there are none, nothing of all this is loaded.
 *
 * @throws {ConfigError} for a plugin that cannot be used, or does not start.
 */
export async function openPluginHost(
  context: ServeContext,
  { stateFolder, certificates }: PluginHostParts,
): Promise<PluginHost | null> {
  const { settings: { plugin, pluginPermissions }, logger } = context;
  if (plugin.length === 0 && pluginPermissions.length === 0) return null;
  const { readNamedPlugins, startNamedPlugins } = await import("../plugins/named_plugins.ts");
  const { describeDelivery, PluginWorld } = await import("../../plugins/mod.ts");
  const named = await readNamedPlugins(context);
  const fleets = new Set<ReachableFleet>();
  const reach = new PluginWorld({
    fleets: () => Promise.resolve([...fleets]),
    authority: () => certificates.open(),
  });
  const running = await startNamedPlugins(named, { stateFolder, reach, logger });
  for (const { path, granted, plugin: { manifest: { name, version } } } of named) {
    const may = Object.entries(granted).flatMap(([kind, list]) => {
      return list.map((value: string) => `${kind}=${value}`);
    });
    logger.info("A plugin runs in this keeper.", { plugin: name, version, file: path, may });
  }
  return {
    noteApp(fleet): Disposable {
      fleets.add(fleet);
      return { [Symbol.dispose]: () => void fleets.delete(fleet) };
    },
    tell: (report, app) => running.tell(describeDelivery(report, app)),
    settle: () => running.settle(context.signal),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
