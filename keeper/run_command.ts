/**
 * `fluxvault-keeper run`: serves a fleet, once or until it is stopped.
 *
 * @module
 */
import { ConfigError, isAppName, StorageError } from "../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  isGiven,
  sanitiseText,
  settingError,
} from "../protocol/host/mod.ts";
import { parseAgentAddresses } from "./agent_address.ts";
import { dialAgent } from "./dialer.ts";
import { type Fleet, StaticFleet } from "./fleet.ts";
import { Keeper } from "./keeper.ts";
import type { RUN_OPTIONS } from "./options.ts";
import { isPassWanted, type PassReport } from "./report.ts";
import { findStateFolder } from "./state_folder.ts";
import { DeliveriesFile } from "./original/deliveries_file.ts";
import { KnownAgentsFile } from "./trust/known_agents_file.ts";
import type { TrustPolicy } from "./trust/mod.ts";
import { DiskVault } from "./vault/disk_vault.ts";
import { type ManagedFile, parseManagedFiles } from "./vault/managed_files.ts";
import type { Vault, VaultView } from "./vault/vault.ts";
import { WholeFolderVault } from "./vault/whole_folder_vault.ts";
import { parseWires, type WireChoice } from "./wire.ts";

/** What {@linkcode serve} is given. */
export interface ServeContext extends Omit<CommandContext, "settings"> {
  /** The settings of `run`. */
  readonly settings: CommandContext<typeof RUN_OPTIONS>["settings"];
}

type Context = ServeContext;

/** What `--managed-files` says instead of names where every file of the vault is offered. */
export interface ServeOptions {
  /** Whether every file of the vault folder is offered, as the original did. @default {false} */
  readonly wholeFolder?: boolean;
}

/** Runs the command. */
export function run(context: CommandContext<typeof RUN_OPTIONS>): Promise<number> {
  return serve(context);
}

/** Serves a fleet, once or until it is stopped. */
export async function serve(context: ServeContext, options: ServeOptions = {}): Promise<number> {
  const { settings, logger, signal } = context;
  const { wholeFolder = false } = options;
  const files = wholeFolder ? [] : readFiles(context);
  const wires = withSource(context, "wire", () => parseWires(settings.wire));
  checkTrust(context, wires);
  const { fleet, trust, firstUseLimit } = await readFleet(context);
  const stateFolder = findStateFolder(context.env, { stateDir: settings.stateDir });
  const vault = wholeFolder
    ? new WholeFolderVault(settings.vaultDir, { logger })
    : new DiskVault(settings.vaultDir, { logger });
  const view = await lookIntoVault(context, { vault, files, wholeFolder });
  const knownAgents = new KnownAgentsFile(stateFolder);
  await knownAgents.load();
  if (wires.hasOriginal) warnOfOriginal(context, fleet);
  const keeper = new Keeper({
    wires,
    deliveries: new DeliveriesFile(stateFolder),
    expectsAll: !wholeFolder,
    fleet,
    vault: startingWith(view, vault),
    files,
    knownAgents,
    dial: dialAgent,
    trust,
    ...(firstUseLimit === undefined ? {} : { firstUseLimit }),
    concurrency: settings.concurrency,
    pollingIntervalMs: settings.pollingIntervalMs,
    discoveryIntervalMs: settings.discoveryIntervalMs,
    logger,
  });
  if (settings.runOnce) {
    const report = await keeper.pass({ signal });
    await printReport(context, report);
    return isPassWanted(report) ? EXIT_DONE : EXIT_FAILURE;
  }
  logger.info("The keeper serves its fleet until it is stopped.", {
    app: fleet.app,
    files: files.length,
    trust,
    state: knownAgents.path,
  });
  return await keeper.run({ signal, onReport: (report) => printNews(context, report) });
}

/** Adds to a parser's complaint where the value came from. */
function withSource<T>({ resolved }: Context, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const source = resolved.entries.get(name)?.source.text;
    throw new ConfigError(error.message, {
      setting: `--${name}`,
      ...(source === undefined ? {} : { source }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

function readFiles(context: Context): ManagedFile[] {
  const { settings, resolved } = context;
  if (settings.managedFiles.length === 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: "is missing: there is nothing to deliver",
      hint: "Name the files of the vault, for example --managed-files db.password,tls/key.pem.",
    });
  }
  return withSource(context, "managed-files", () => parseManagedFiles(settings.managedFiles));
}

/** Trust is a matter of keys, and the original's wire has none that last. */
function checkTrust({ settings, resolved }: Context, wires: WireChoice): void {
  if (!wires.isOriginalOnly) return;
  const name = settings.trust !== undefined
    ? "trust"
    : settings.firstUseLimit !== undefined
    ? "first-use-limit"
    : null;
  if (name === null) return;
  throw settingError(resolved, {
    name,
    problem: "has no use where all agents are served by the original's wire",
    hint: "Nothing there proves who an agent is. Leave it out, or serve them by protocol 2.",
  });
}

/** Says once what the wire cannot do, whatever its two ends do. */
function warnOfOriginal({ logger }: Context, fleet: Fleet): void {
  const anybody = fleet instanceof StaticFleet
    ? "an agent is known by its address alone"
    : "any node can put itself into the list of the app; an agent is known by its address alone";
  logger.warn(
    "The wire of the original FluxVault is on: whoever is on the path to such an agent can read " +
      `and change every file; ${anybody}, and notices no message that is played again; ` +
      "the lengths of files show. Serve agents by protocol 2 as they are replaced.",
  );
}

interface FleetSettings {
  readonly fleet: Fleet;
  readonly trust: TrustPolicy;
  readonly firstUseLimit: number | undefined;
}

async function readFleet(context: Context): Promise<FleetSettings> {
  const { settings, resolved } = context;
  const { appName, agentIps, commsPort } = settings;
  if (appName === undefined && agentIps.length === 0) {
    throw settingError(resolved, {
      name: "app-name",
      problem: "is missing, and so is --agent-ips",
      hint: "Name the app whose agents to find, or the agents themselves.",
    });
  }
  if (appName !== undefined && !isAppName(appName)) {
    throw settingError(resolved, {
      name: "app-name",
      problem: `cannot be ${JSON.stringify(sanitiseText(appName, { maxLength: 80 }))}`,
      hint: "Use letters, digits and inner hyphens, at most 63 of them.",
    });
  }
  if (agentIps.length > 0) {
    if (isGiven(resolved, "flux-api")) {
      throw settingError(resolved, {
        name: "flux-api",
        problem: "has no use beside --agent-ips",
        hint: "Leave one of them out.",
      });
    }
    const addresses = withSource(context, "agent-ips", () => {
      return parseAgentAddresses(agentIps, { defaultPort: commsPort });
    });
    return {
      fleet: new StaticFleet(addresses, { app: appName ?? null }),
      trust: settings.trust ?? "first-use",
      firstUseLimit: settings.firstUseLimit ?? addresses.length,
    };
  }
  const trust = settings.trust ?? "approve";
  if (trust === "first-use" && settings.firstUseLimit === undefined) {
    throw settingError(resolved, {
      name: "trust",
      problem: "first-use needs --first-use-limit where the network lists the agents",
      hint: "Say how many instances the app has; any node can put itself into the list.",
    });
  }
  const fleet = await makeFluxFleet(context, appName ?? "");
  return { fleet, trust, firstUseLimit: settings.firstUseLimit };
}

/** Loads what asks the Flux API only where it is asked. */
async function makeFluxFleet(context: Context, app: string): Promise<Fleet> {
  const { settings: { fluxApi, commsPort }, resolved, logger } = context;
  const [{ FluxClient, isRegistrableAppName }, { FluxFleet }] = await Promise.all([
    import("../flux/mod.ts"),
    import("./flux_fleet.ts"),
  ]);
  if (!isRegistrableAppName(app)) {
    throw settingError(resolved, {
      name: "app-name",
      problem: `cannot be "${app}" on the Flux network`,
      hint: "A name there does not start with flux or zel.",
    });
  }
  try {
    const client = new FluxClient({
      logger,
      ...(fluxApi.length === 0 ? {} : { baseUrls: fluxApi }),
    });
    return new FluxFleet(client, { app, commsPort, logger });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw settingError(resolved, {
      name: "flux-api",
      problem: "holds what is no address of an API",
      hint: "Write http:// or https:// addresses without user, query or fragment.",
      cause,
    });
  }
}

/** Looks into the vault before any agent is dialled: what is wrong with it is the operator's. */
async function lookIntoVault(
  { settings, resolved, logger, signal }: Context,
  { vault, files, wholeFolder }: {
    readonly vault: Vault;
    readonly files: readonly ManagedFile[];
    readonly wholeFolder: boolean;
  },
): Promise<VaultView> {
  let view: VaultView;
  try {
    view = await vault.inspect(files, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw settingError(resolved, {
      name: "vault-dir",
      problem: `names no folder that can be read: ${JSON.stringify(settings.vaultDir)}`,
      hint: (cause instanceof StorageError ? cause.hint : undefined) ??
        "Make the folder and put the secret files into it, or name another.",
      cause,
    });
  }
  const [first] = view.faults;
  if (first === undefined) return view;
  const names = view.faults.map(({ file, code }) => `${JSON.stringify(file.local)} (${code})`);
  if (settings.runOnce && !wholeFolder) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: `names what the vault cannot give: ${names.join(", ")}`,
      hint: `Put it below ${settings.vaultDir}, as a file that this program may read.`,
    });
  }
  for (const { file, code } of view.faults) {
    logger.warn("A managed file cannot be delivered.", { file: file.local, code });
  }
  return view;
}

/** A vault whose first look was taken already. */
function startingWith(view: VaultView, vault: Vault): Vault {
  let first: VaultView | null = view;
  return {
    inspect(files, options): Promise<VaultView> {
      if (first === null) return vault.inspect(files, options);
      const taken = first;
      first = null;
      return Promise.resolve(taken);
    },
  };
}

async function printReport(context: Context, report: PassReport): Promise<void> {
  const { settings, stdout } = context;
  if (settings.json) {
    const { formatReportJson } = await import("./report_json.ts");
    await stdout.write(formatReportJson(report));
    return;
  }
  const { formatReportText } = await import("./report_text.ts");
  const { stateDir } = settings;
  const approveFlags = stateDir === undefined ? "" : ` --state-dir ${quoteForShell(stateDir)}`;
  await stdout.write(formatReportText(report, { approveFlags }));
}

/** Prints a report unless it only repeats that some agents still fail; JSON has them all. */
async function printNews(context: Context, report: PassReport): Promise<void> {
  if (context.settings.json || report.isWhole) return await printReport(context, report);
  const agents = report.agents.filter(({ failures }) => failures <= 1);
  if (agents.length > 0) await printReport(context, { ...report, agents });
}

function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
