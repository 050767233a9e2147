/**
 * What an agent can vouch for after a restart, before any keeper has come.
 *
 * The manifest that it kept tells what it was given, and its signature by whom. What holds of that is
 * good without a keeper and without the network.
 *
 * @module
 */
import {
  type FileEntry,
  type HeldManifest,
  type ManifestEntry,
  PeerRejectedError,
} from "../../protocol/mod.ts";
import { FILES_RESTORED_AT_ONCE } from "../limits.ts";
import type { ManifestGuard } from "./manifest_guard.ts";

/** How a file on the disk stands to its entry in the manifest. */
export type FileCondition =
  /** It is as declared. */
  | "intact"
  /** Something else is there, or it cannot be read. */
  | "changed"
  /** Nothing is there. */
  | "missing";

/** Why an agent vouches for nothing that it holds. */
export type UnvouchedReason =
  /** No manifest was kept, or it is damaged. */
  | "no-manifest"
  /** The keeper did not sign it. */
  | "unsigned"
  /** It is not signed for this agent by an address that counts. */
  | "forged"
  /** It is past its time. */
  | "expired"
  /** A later one was seen before. */
  | "stale"
  /** It is not known yet whose signature counts. */
  | "owner-unknown"
  /** A keeper came before all was looked at. */
  | "superseded";

/** A file that is not as its entry declares. */
export interface DepartedFile {
  /** Its path, as the manifest has it. */
  readonly path: string;
  /** How it stands. */
  readonly condition: Exclude<FileCondition, "intact">;
}

/** What an agent can vouch for after a restart. */
export type RestoredState =
  /** The manifest is good; so are all its files but those that are named. */
  | {
    readonly isVouched: true;
    readonly signer: string;
    readonly manifest: HeldManifest;
    readonly departed: readonly DepartedFile[];
  }
  /** Nothing, for this reason. */
  | {
    readonly isVouched: false;
    readonly reason: UnvouchedReason;
    readonly manifest: HeldManifest | null;
  };

/** The options of {@linkcode restoreState}. */
export interface RestoreOptions {
  /** Checks the manifest. */
  readonly guard: Pick<ManifestGuard, "check">;
  /** Compares a file with its entry. */
  readonly compare: (entry: FileEntry) => Promise<FileCondition>;
  /** Is aborted where a keeper comes: what it delivers counts. */
  readonly superseded: AbortSignal;
  /** How many files are compared at a time. @default {8} */
  readonly filesAtOnce?: number;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/**
 * Finds out what of the manifest that was kept is good; a failure of one file is its condition.
 *
 * @param manifest What was kept, or `null`.
 *
 * @example
 * ```ts
 * import {
 *   DiskSecretStore,
 *   fixedSigners,
 *   ManifestGuard,
 *   restoreState,
 *   RevisionMemory,
 * } from "@fluxvault/fluxvault/agent";
 * import { recoverSigner } from "@fluxvault/fluxvault/flux";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await DiskSecretStore.open({ workingFolder: folder, stateFolder: null });
 * const guard = new ManifestGuard({
 *   scope: { app: "shop", component: "web", agentDigestHex: "ab".repeat(32) },
 *   signers: fixedSigners(["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"]),
 *   recover: recoverSigner,
 *   revisions: new RevisionMemory(),
 * });
 * const keeperCame = new AbortController();
 * const state = await restoreState(store.held, {
 *   guard,
 *   compare: (entry) => store.compare(entry),
 *   superseded: keeperCame.signal,
 * });
 * console.assert(!state.isVouched && state.reason === "no-manifest"); // Its first start.
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function restoreState(
  manifest: HeldManifest | null,
  options: RestoreOptions,
): Promise<RestoredState> {
  if (manifest === null) return { isVouched: false, reason: "no-manifest", manifest };
  let signer: string;
  try {
    signer = await options.guard.check(manifest.message);
  } catch (error) {
    if (!(error instanceof PeerRejectedError)) throw error;
    return { isVouched: false, reason: reasonOf(error, { manifest, options }), manifest };
  }
  const departed = await compareAll(manifest.manifest.entries, options);
  return options.superseded.aborted
    ? { isVouched: false, reason: "superseded", manifest }
    : { isVouched: true, signer, manifest, departed };
}

function reasonOf(
  error: PeerRejectedError,
  { manifest, options }: { readonly manifest: HeldManifest; readonly options: RestoreOptions },
): UnvouchedReason {
  switch (error.code) {
    case "statement-missing":
      return "unsigned";
    case "owner-unknown":
      return "owner-unknown";
    case "manifest-stale": {
      const nowS = (options.now?.() ?? Date.now()) / 1_000;
      return nowS > manifest.message.expires ? "expired" : "stale";
    }
    default:
      return "forged";
  }
}

async function compareAll(
  entries: readonly ManifestEntry[],
  { compare, superseded, filesAtOnce = FILES_RESTORED_AT_ONCE }: RestoreOptions,
): Promise<DepartedFile[]> {
  const conditions = new Map<string, FileCondition>();
  const files = entries.filter((entry): entry is FileEntry => entry.kind === "file");
  const waiting = files.values();
  await Promise.all(Array.from({ length: filesAtOnce }, async () => {
    for (const entry of waiting) {
      if (superseded.aborted) return;
      conditions.set(entry.path, await compare(entry));
    }
  }));
  return files.flatMap(({ path }) => {
    const condition = conditions.get(path) ?? "intact";
    return condition === "intact" ? [] : [{ path, condition }];
  });
}
