/**
 * What it takes to serve a fleet, put together from the settings of `run` and looked at before any agent
 * is dialled.
 *
 * @module
 */
import { StorageError } from "../../protocol/mod.ts";
import { settingError } from "../../protocol/host/mod.ts";
import { auditDial } from "../audit/audited_dial.ts";
import { AuditedDeliveries, AuditedKnownAgents } from "../audit/mod.ts";
import type { RunAudit, RunDescription } from "../audit/run_audit.ts";
import { dialAgent } from "../contact/dialer.ts";
import { parseWires, PROTOCOL_2 } from "../contact/wire.ts";
import { type Fleet, StaticFleet } from "../fleet/fleet.ts";
import type { KeeperOptions } from "../keeper_options.ts";
import { DeliveriesFile } from "../original/deliveries_file.ts";
import { KnownAgentsFile } from "../trust/known_agents_file.ts";
import { assemble } from "../vault/assembly.ts";
import { type Declarations, declareForAll } from "../vault/declarations.ts";
import { DiskVault } from "../vault/disk_vault.ts";
import { FolderMarksFile } from "../vault/folder_marks_file.ts";
import { parseManagedFiles } from "../vault/managed_files.ts";
import { requireLevels } from "../vault/required_levels.ts";
import type { Vault, VaultSource, VaultView } from "../vault/vault.ts";
import { declareWholeFolder } from "../vault/whole_folder.ts";
import { checkTrust, readFleet } from "./fleet_settings.ts";
import { checkEnrolment, checkSigning, NO_KEYS, openKeys } from "./key_settings.ts";
import { openStateFolder } from "./opened_state_folder.ts";
import { type ServeContext, withSource } from "./run_context.ts";

/** How a fleet is prepared. */
export interface PrepareFleetOptions {
  /** Whether every file of the vault folder is offered, as the original did. @default {false} */
  readonly wholeFolder?: boolean;
  /** Whether the vault plays no part, since agents are to remove all. @default {false} */
  readonly isWipe?: boolean;
}

/** What it takes to serve a fleet, but for where it is put on record. */
export interface PreparedFleet {
  /** What a keeper is made of. */
  readonly options: Omit<KeeperOptions, "knownAgents" | "dial" | "deliveries">;
  /** The folder of state. */
  readonly stateFolder: string;
  /** The known agents, in that folder. */
  readonly knownAgents: KnownAgentsFile;
  /** What the audit log says of a run. */
  readonly run: RunDescription;
  /** How much is declared. */
  readonly declared: number;
}

/**
 * Puts together what it takes to serve a fleet.
 *
 * @throws {ConfigError} that names the setting at fault.
 * @throws {StorageError} if the known agents or a key cannot be read.
 */
export async function prepareFleet(
  context: ServeContext,
  options: PrepareFleetOptions = {},
): Promise<PreparedFleet> {
  const { settings, logger } = context;
  const { wholeFolder = false, isWipe = false } = options;
  const declare = isWipe
    ? declareForAll([])
    : wholeFolder
    ? async () => declareForAll(await declareWholeFolder(settings.vaultDir))
    : readFiles(context);
  const wires = withSource(context, "wire", () => parseWires(settings.wire));
  checkTrust(context, wires);
  checkSigning(context, wires);
  const { fleet, trust, firstUseLimit } = await readFleet(context);
  const stateFolder = openStateFolder(context);
  const disk = new DiskVault(settings.vaultDir, {
    logger,
    marks: new FolderMarksFile(stateFolder),
  });
  const { vault, declarations } = isWipe
    ? { vault: disk, declarations: declareForAll([]) }
    : await lookIntoVault(context, { disk, declare, wholeFolder });
  const knownAgents = new KnownAgentsFile(stateFolder);
  await knownAgents.load();
  if (wires.hasOriginal) warnOfOriginal(context, fleet);
  const keys = wires.isOriginalOnly
    ? NO_KEYS
    : await openKeys(context, { app: fleet.app, stateFolder });
  await checkEnrolment(context, { files: declarations.all, app: fleet.app, keys });
  const signer = keys.signer?.address ?? null;
  const { hasOriginal } = wires;
  return {
    options: {
      ...keys,
      wires,
      expectsAll: !wholeFolder,
      fleet,
      vault,
      declarations: declare,
      trust,
      ...(firstUseLimit === undefined ? {} : { firstUseLimit }),
      concurrency: settings.concurrency,
      pollingIntervalMs: settings.pollingIntervalMs,
      discoveryIntervalMs: settings.discoveryIntervalMs,
      logger,
    },
    stateFolder,
    knownAgents,
    run: { app: fleet.app, trust, signer, hasOriginal },
    declared: declarations.all.length,
  };
}

/** Returns what a keeper is made of whose every deed is put on record. */
export function onRecord(
  { options: { wires = PROTOCOL_2, fleet }, knownAgents, stateFolder }: PreparedFleet,
  { log, recorder }: Pick<RunAudit, "log" | "recorder">,
): Pick<KeeperOptions, "knownAgents" | "dial" | "deliveries"> {
  return {
    deliveries: new AuditedDeliveries(new DeliveriesFile(stateFolder), recorder, fleet),
    knownAgents: new AuditedKnownAgents(knownAgents, log, { by: "keeper" }),
    dial: auditDial(dialAgent, recorder, { wires }),
  };
}

function readFiles(context: ServeContext): Declarations {
  const { settings, resolved } = context;
  if (settings.managedFiles.length === 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: "is missing: there is nothing to deliver",
      hint: "Name the files of the vault, for example --managed-files db.password,tls/key.pem.",
    });
  }
  const files = withSource(context, "managed-files", () => {
    return parseManagedFiles(settings.managedFiles);
  });
  const all = withSource(context, "require", () => requireLevels(settings.require, files));
  return declareForAll(all);
}

/** Says once what the wire cannot do, whatever its two ends do. */
function warnOfOriginal({ logger }: ServeContext, fleet: Fleet): void {
  const anybody = fleet instanceof StaticFleet
    ? "an agent is known by its address alone"
    : "any node can put itself into the list of the app; an agent is known by its address alone";
  logger.warn(
    "The wire of the original FluxVault is on: whoever is on the path to such an agent can read " +
      `and change every file; ${anybody}, and notices no message that is played again; ` +
      "the lengths of files show. Serve agents by protocol 2 as they are replaced.",
  );
}

/** Looks into the vault before any agent is dialled: what is wrong with it is the operator's. */
async function lookIntoVault(
  { settings, resolved, logger, signal }: ServeContext,
  { disk, declare, wholeFolder }: {
    readonly disk: Vault;
    readonly declare: Declarations | (() => Promise<Declarations>);
    readonly wholeFolder: boolean;
  },
): Promise<{ readonly vault: Vault; readonly declarations: Declarations }> {
  let view: VaultView;
  let declarations: Declarations;
  try {
    declarations = typeof declare === "function" ? await declare() : declare;
    view = await disk.inspect(declarations.all, { signal });
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
  const { faults } = assemble(declarations.all, view, "enrolled");
  const say = (some: typeof faults) =>
    some.map(({ source, code }) => `${JSON.stringify(source)} (${code})`).join(", ");
  const taken = faults.filter(({ code }) => code === "target-taken");
  if (taken.length > 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: `puts something below what is a file: ${say(taken)}`,
      hint: "Give one of them another target.",
    });
  }
  if (settings.runOnce && !wholeFolder && faults.length > 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: `names what the vault cannot give: ${say(faults)}`,
      hint: `Put it below ${settings.vaultDir}, as files that this program may read.`,
    });
  }
  for (const { source, code, reason } of faults) {
    logger.warn("A managed file cannot be delivered.", { file: source, code, reason });
  }
  return { declarations, vault: startingWith(view, { vault: disk, sources: declarations.all }) };
}

/** A vault whose first look was taken already. */
function startingWith(
  view: VaultView,
  { vault, sources }: { readonly vault: Vault; readonly sources: readonly VaultSource[] },
): Vault {
  let first: VaultView | null = view;
  const nameOf = ({ source, symlinks }: VaultSource) => `${symlinks}:${source}`;
  const names = new Set(sources.map(nameOf));
  return {
    inspect(wanted, options): Promise<VaultView> {
      const taken = first;
      first = null;
      const isEnough = taken !== null && wanted.every((source) => names.has(nameOf(source)));
      return isEnough ? Promise.resolve(taken) : vault.inspect(wanted, options);
    },
  };
}
