/**
 * What it takes to serve a fleet, looked at before any agent is dialled.
 *
 * @module
 */
import { StorageError } from "../../protocol/mod.ts";
import { auditDial } from "../audit/audited_dial.ts";
import { AuditedDeliveries, AuditedKnownAgents } from "../audit/mod.ts";
import type { RunAudit, RunDescription } from "../audit/run_audit.ts";
import { dialAgent } from "../contact/dialer.ts";
import { PROTOCOL_2 } from "../contact/wire.ts";
import { type Fleet, StaticFleet } from "../fleet/fleet.ts";
import type { KeeperOptions } from "../keeper_options.ts";
import { DeliveriesFile } from "../original/deliveries_file.ts";
import { KnownAgentsFile } from "../trust/known_agents_file.ts";
import { assemble, type DeliveryFault } from "../vault/assembly.ts";
import { type Declarations, declareForAll, isOfVault } from "../vault/declarations.ts";
import { DiskVault } from "../vault/disk_vault.ts";
import { FolderMarksFile } from "../vault/folder_marks_file.ts";
import type { Vault, VaultSource, VaultView } from "../vault/vault.ts";
import type { CertificateDesk } from "./certificate_desk.ts";
import { type KeeperKeys, NO_KEYS } from "./key_desk.ts";
import { checkEnrolment } from "./key_settings.ts";
import type { AppWish } from "./run/app_wish.ts";
import type { ServeContext } from "./run_context.ts";

/** How a fleet is prepared. */
export interface PrepareFleetOptions {
  /** The folder of state. */
  readonly stateFolder: string;
  /** Finds the keys of an app. */
  readonly keysFor: (wish: AppWish) => Promise<KeeperKeys>;
  /** Has agents' keys certified. @default they are not */
  readonly certificates?: CertificateDesk;
  /** Whether the vault plays no part: agents remove all, or are only called. @default {false} */
  readonly isVaultUnused?: boolean;
}

/** What it takes to serve a fleet, but for where it is put on record. */
export interface PreparedFleet {
  /** How reports name it; `null` where it is the only one. */
  readonly name: string | null;
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
 * @throws {FluxVaultError} where it cannot be served: what is wrong with its vault, its keys or the
 * state.
 */
export async function prepareFleet(
  context: ServeContext,
  wish: AppWish,
  { stateFolder, keysFor, certificates, isVaultUnused = false }: PrepareFleetOptions,
): Promise<PreparedFleet> {
  const { settings, logger } = context;
  const { name, fleet, wires, trust, firstUseLimit, pollingIntervalMs, discoveryIntervalMs } = wish;
  const disk = new DiskVault(wish.vaultFolder, {
    logger,
    marks: new FolderMarksFile(stateFolder),
  });
  const { vault, declarations } = isVaultUnused
    ? { vault: disk, declarations: declareForAll([]) }
    : await lookIntoVault(context, wish, disk);
  const knownAgents = new KnownAgentsFile(stateFolder);
  await knownAgents.load();
  if (wires.hasOriginal) warnOfOriginal(context, fleet);
  const keys = wires.isOriginalOnly ? NO_KEYS : await keysFor(wish);
  await checkEnrolment(context, { files: declarations.all, app: fleet.app, keys });
  const signer = keys.signer?.address ?? null;
  return {
    name,
    options: {
      ...keys,
      wires,
      expectsAll: !wish.isWholeFolder,
      fleet,
      vault,
      declarations: isVaultUnused ? declarations : wish.declare,
      trust,
      ...(isVaultUnused || certificates === undefined
        ? {}
        : { calls: certificates.callsFor(wish) }),
      ...(certificates === undefined ? {} : { secure: certificates.secure }),
      ...(firstUseLimit === undefined ? {} : { firstUseLimit }),
      concurrency: settings.concurrency,
      pollingIntervalMs,
      discoveryIntervalMs,
      logger,
    },
    stateFolder,
    knownAgents,
    run: { app: fleet.app, trust, signer, hasOriginal: wires.hasOriginal },
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
  { settings, logger, signal }: ServeContext,
  wish: AppWish,
  disk: Vault,
): Promise<{ readonly vault: Vault; readonly declarations: Declarations }> {
  let view: VaultView;
  let declarations: Declarations;
  try {
    declarations = await wish.declare();
    view = await disk.inspect(declarations.all.filter(isOfVault), { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw wish.mistake({
      about: "vault",
      problem: `names no folder that can be read: ${JSON.stringify(wish.vaultFolder)}`,
      hint: (cause instanceof StorageError ? cause.hint : undefined) ??
        "Make the folder and put the secret files into it, or name another.",
      cause,
    });
  }
  const faults = findFaults(declarations, view);
  const taken = faults.filter(({ code }) => code === "target-taken");
  if (taken.length > 0) {
    throw wish.mistake({
      about: "files",
      problem: `puts something below what is a file: ${say(taken)}`,
      hint: "Give one of them another target.",
    });
  }
  if (settings.runOnce && !wish.isWholeFolder && faults.length > 0) {
    throw wish.mistake({
      about: "files",
      problem: `names what the vault cannot give: ${say(faults)}`,
      hint: `Put it below ${wish.vaultFolder}, as files that this program may read.`,
    });
  }
  for (const { source, code, reason } of faults) {
    const app = wish.name === null ? {} : { app: wish.name };
    logger.warn("A managed file cannot be delivered.", { ...app, file: source, code, reason });
  }
  const sources = declarations.all.filter(isOfVault);
  return { declarations, vault: startingWith(view, { vault: disk, sources }) };
}

/** Finds what no agent can be given of all that is declared for any component. */
function findFaults(declarations: Declarations, view: VaultView): DeliveryFault[] {
  const { components = [] } = declarations;
  const lists = new Set([null, ...components].map((component) => declarations.of(component)));
  const faults = new Map<string, DeliveryFault>();
  for (const list of lists) {
    for (const fault of assemble(list, view, "enrolled").faults) {
      faults.set(`${fault.code} ${fault.source}`, fault);
    }
  }
  return [...faults.values()];
}

function say(faults: readonly DeliveryFault[]): string {
  return faults.map(({ source, code }) => `${JSON.stringify(source)} (${code})`).join(", ");
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
