/**
 * The disk as the place where an agent puts its secret files.
 *
 * @module
 */
import {
  type Bytes,
  type FileEntry,
  type FileResult,
  type HeldManifest,
  type LocalStep,
  type Logger,
  type ManifestEntry,
  type ResumedFile,
  type SecretStore,
  SILENT_LOGGER,
  type StagedFile,
  type StageOptions,
  StorageError,
  type Survey,
  type WantedState,
} from "../../protocol/mod.ts";
import { basename, dirname, isAbsolute, resolve, storageError } from "../../protocol/host/mod.ts";
import type { FileCondition } from "../trust/mod.ts";
import type { DiskDelivery } from "./disk_delivery.ts";
import { DiskMemory } from "./disk_memory.ts";
import { type DiskRoots, openDiskRoots, placeOf, walkTo } from "./paths/mod.ts";
import {
  compareFile,
  DeviceTraits,
  FileDigests,
  MemoryBacking,
  PartFiles,
  readPieces,
  restoreFormer,
  syncFolders,
} from "./files/mod.ts";
import { type AroundExpiry, type ExpiredLeases, expireLeases } from "./expiry.ts";
import { ManifestMemory } from "./state/mod.ts";
import type { DiskSecretStoreOptions } from "./disk_store_options.ts";
import { MountMemory } from "./mount_memory.ts";
import { type SweepReport, sweepStages } from "./stage_sweep.ts";

interface OpenedStore {
  readonly disk: DiskRoots;
  readonly memory: DiskMemory;
  readonly manifest: ManifestMemory;
}

/**
 * Puts files below a working folder, and below further folders where absolute paths are allowed.
 *
 * Each file is staged beside its target with its declared mode and owner, synced, and put in place by
 * rename; folders are synced in {@linkcode DiskSecretStore.settle}.
 *
 * @example
 * ```ts
 * import { DiskSecretStore } from "@fluxvault/fluxvault/agent";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await DiskSecretStore.open({ workingFolder: folder, stateFolder: null });
 * const staged = await store.stage("tls/key.pem", { size: 3, mode: 0o600 });
 * await staged.write(new TextEncoder().encode("key"));
 * await staged.commit();
 * await store.settle(); // From here on it outlasts a crash.
 * console.assert(await Deno.readTextFile(`${folder}/tls/key.pem`) === "key");
 * const refused = store.stage("../passwd", { size: 3, mode: 0o600 });
 * console.assert(await refused.catch(({ code }) => code) === "path-refused");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class DiskSecretStore implements SecretStore {
  readonly #options: DiskSecretStoreOptions;
  readonly #opened: OpenedStore;
  readonly #logger: Logger;
  readonly #rules: { readonly inodes: ReadonlySet<string>; readonly sets: Set<string> };
  readonly #traits = new DeviceTraits();
  readonly #mounts = new MountMemory();
  readonly #digests: FileDigests;
  readonly #kept: PartFiles;
  readonly #backing: MemoryBacking;
  /** Folders in which something was put since the last settling. */
  readonly #unsettled = new Set<string>();
  /** What is done since the last survey; `null` until something is. */
  #delivery: Promise<DiskDelivery> | null = null;
  /** What was surveyed last, and what is being delivered. */
  #surveyed: readonly ManifestEntry[] | null = null;
  #begun: HeldManifest | null = null;
  #sweeping: Promise<unknown> = Promise.resolve();

  private constructor(options: DiskSecretStoreOptions, opened: OpenedStore) {
    const { createHasher, requiresMemory: isRequired = false, logger = SILENT_LOGGER } = options;
    this.#options = options;
    this.#opened = opened;
    this.#logger = logger;
    this.#rules = { inodes: opened.disk.rules.inodes, sets: new Set() };
    this.#digests = new FileDigests(createHasher);
    this.#kept = new PartFiles(createHasher);
    this.#backing = new MemoryBacking({ isRequired, logger });
  }

  /**
   * Opens the folders and takes up what is kept there.
   *
   * @throws {StorageError} if a folder cannot be used.
   * @throws {RangeError} if a folder for absolute paths is not absolute itself.
   */
  static async open(options: DiskSecretStoreOptions): Promise<DiskSecretStore> {
    const { workingFolder, stateFolder, absoluteFolders = [], logger = SILENT_LOGGER } = options;
    const relative = absoluteFolders.find((folder) => !isAbsolute(folder));
    if (relative !== undefined) throw new RangeError(`${JSON.stringify(relative)} is not absolute`);
    try {
      const disk = await openDiskRoots({ workingFolder, stateFolder, absoluteFolders });
      const store = new DiskSecretStore(options, {
        disk,
        memory: await DiskMemory.open({ ...options, logger }),
        manifest: await ManifestMemory.open({ ...options, logger }),
      });
      store.#takeUp();
      return store;
    } catch (error) {
      throw storageError(error, `use ${JSON.stringify(resolve(workingFolder))}`);
    }
  }

  /** Removes what a process left beside the files before then, in Unix ms; never rejects. */
  sweep(beforeMs: number): Promise<SweepReport> {
    const sweeping = this.#sweep(beforeMs);
    this.#sweeping = sweeping;
    return sweeping;
  }

  async #sweep(beforeMs: number): Promise<SweepReport> {
    const options = {
      beforeMs,
      onPart: (path: string, keptMs: number) => this.#kept.note(path, keptMs),
    };
    const folders = new Set<string>();
    for (const { path } of this.held?.manifest.entries ?? []) {
      if (!path.startsWith("/")) continue;
      try {
        folders.add(placeOf(path, this.#opened.disk.roots).folder);
      } catch {
        // No longer allowed: then it is no longer ours to sweep either.
      }
    }
    const [working] = this.#opened.disk.roots;
    const reports: SweepReport[] = [];
    if (working !== undefined) reports.push(await sweepStages(working.folder, options));
    for (const folder of folders) {
      reports.push(await sweepStages(folder, { ...options, maxDepth: 0 }));
    }
    return {
      removed: reports.reduce((sum, { removed }) => sum + removed, 0),
      isWhole: reports.every(({ isWhole }) => isWhole),
    };
  }

  /** The manifest that is held: kept by an earlier process, or given since; `null` for none. */
  get held(): HeldManifest | null {
    return this.#opened.manifest.held;
  }

  /** Returns the manifest that was kept last. */
  heldManifest(): Promise<HeldManifest | null> {
    return Promise.resolve(this.held);
  }

  /** Compares; see {@linkcode SecretStore.survey}. */
  async survey(wanted: WantedState): Promise<Survey> {
    this.#delivery = null;
    this.#begun = null;
    const { surveyDisk } = await import("./delivering.ts");
    const { findings } = await this.#current();
    const { inventory } = this.#opened.memory;
    await surveyDisk(wanted, {
      findings,
      parts: {
        rules: this.#rules,
        traits: this.#traits,
        digests: this.#digests,
        memory: this.#backing,
        inventory,
        isMount: (at, info) => this.#mounts.isKnown(at, info),
        swept: () => this.#sweeping,
      },
    });
    this.#surveyed = wanted.entries;
    return { steps: findings.steps };
  }

  /** Keeps a manifest in place of the one before, and begins a delivery. */
  async keepManifest(manifest: HeldManifest): Promise<void> {
    const { declaredBy, manifest: { entries } } = manifest;
    this.#noteSets(entries);
    if (this.#surveyed !== entries) this.#delivery = null;
    const findings = this.#surveyed === entries ? (await this.#current()).findings : null;
    this.#begun = manifest;
    await this.#opened.memory.begin(declaredBy, entries, { findings });
    await this.#opened.manifest.keep(manifest);
  }

  /** Does what needs nothing from the keeper. */
  async perform(step: LocalStep): Promise<void> {
    await (await this.#current()).perform(step);
  }

  /**
   * Returns the digest of what is at a path.
   *
   * @throws {StorageError} if the path or what is on the way is refused, or the file cannot be read.
   */
  async inspect(path: string): Promise<Bytes | null> {
    const { findings } = await this.#current();
    const { target, info } = walkTo(findings.claimPlace(path), this.#rules);
    if (info === null) return null;
    findings.claims.claimInode(path, info);
    findings.noteFile(target);
    return await this.#digests.of(target, info);
  }

  /** Compares a file with its entry, beside any delivery; see {@linkcode compareFile}. */
  compare(entry: FileEntry): Promise<FileCondition> {
    return compareFile(entry, {
      roots: this.#opened.disk.roots,
      rules: this.#rules,
      traits: this.#traits,
      digests: this.#digests,
    });
  }

  /**
   * Opens what is at a path for reading.
   *
   * @throws {StorageError} as {@linkcode DiskSecretStore.inspect}, and so do the contents.
   */
  async open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const { findings } = await this.#current();
    const { target, info } = walkTo(findings.claimPlace(path), this.#rules);
    return info === null ? null : readPieces(target, info);
  }

  /** Takes up a file of which a part came before. */
  async resume(entry: FileEntry): Promise<ResumedFile | null> {
    return await (await this.#current()).resume(entry);
  }

  /** Opens a place for a file that is on its way. */
  async stage(path: string, options: StageOptions): Promise<StagedFile> {
    return await (await this.#current()).stage(path, options);
  }

  /** Makes what was put in place outlast a crash, exchanges what is whole, and ends a delivery. */
  async settle(): Promise<readonly FileResult[]> {
    const delivery = await this.#current();
    const { findings } = delivery;
    const begun = this.#begun;
    this.#begun = null;
    // Folders that go at the end are empty without parts of files that are declared no more.
    if (begun !== null) await this.#kept.retain(begun.manifest.entries, Date.now());
    const results = await delivery.settle();
    await syncFolders(this.#unsettled);
    findings.claims.clear();
    if (begun === null) return results;
    const { declaredBy: declarer, manifest: { isWipe } } = begun;
    const { removed } = delivery;
    await this.#opened.memory.end({ declarer, isWipe, findings, removed });
    this.#digests.retain(findings.files);
    this.#forgetSurvey();
    return results;
  }

  /** Removes the files that no keeper has renewed in time; see {@linkcode expireLeases}. */
  async expireLeases(around?: AroundExpiry): Promise<ExpiredLeases> {
    await this.#kept.retain(this.held?.manifest.entries ?? [], Date.now());
    return await expireLeases({
      roots: this.#opened.disk.roots,
      rules: this.#rules,
      digests: this.#digests,
      memory: this.#opened.memory,
      logger: this.#logger,
      around,
    });
  }

  /**
   * Tells whether files are not there because their leases were over: each is held with a lease, and
   * was removed, or was never the agent's.
   */
  haveExpired(paths: readonly string[]): boolean {
    const { declaredBy = null, manifest } = this.held ?? {};
    const holdings = this.#opened.memory.inventory.of(declaredBy);
    const leased = new Set(
      manifest?.entries.filter((entry) => entry.kind === "file" && entry.leaseS !== undefined)
        .map(({ path }) => path),
    );
    return paths.every((path) => leased.has(path) && !holdings.has(path));
  }

  /**
   * Removes all that was ever put in place, and the manifest; what cannot be removed is said.
   *
   * @returns How many things were removed, and how many were not.
   */
  async wipe(): Promise<{ readonly removed: number; readonly failed: number }> {
    const { steps } = await this.survey({
      entries: [],
      hooks: [],
      isWipe: true,
      declaredBy: null,
    });
    let failed = 0;
    for (const step of steps) {
      if (step.kind !== "remove") {
        failed++;
        continue;
      }
      try {
        await this.perform(step);
      } catch (error) {
        failed++;
        const reason = error instanceof Error ? error.message : String(error);
        this.#logger.warn("a file could not be removed", { path: step.path, reason });
      }
    }
    const delivery = await this.#current();
    await this.#kept.retain([], Date.now());
    const results = await delivery.settle();
    await syncFolders(this.#unsettled);
    const { findings, removed } = delivery;
    await this.#opened.memory.end({ declarer: null, isWipe: true, findings, removed });
    this.#forgetSurvey();
    await this.#opened.manifest.forget();
    return { removed: removed.length, failed: failed + results.length };
  }

  /** What a survey found of a hundred thousand files is not held for nothing. */
  #forgetSurvey(): void {
    this.#surveyed = null;
    this.#delivery = null;
  }

  #current(): Promise<DiskDelivery> {
    return this.#delivery ??= this.#openDelivery();
  }

  async #openDelivery(): Promise<DiskDelivery> {
    const { DiskDelivery, Findings } = await import("./delivering.ts");
    const { disk: { roots, ownFolder }, memory } = this.#opened;
    const { inventory } = memory;
    return new DiskDelivery({
      findings: new Findings(roots, ownFolder),
      rules: this.#rules,
      traits: this.#traits,
      digests: this.#digests,
      memory: this.#backing,
      mounts: this.#mounts,
      kept: this.#kept,
      unsettled: this.#unsettled,
      logger: this.#logger,
      onBesides: async (path, madeFolders) => {
        for (const folder of madeFolders) inventory.addBesides(folder, "folder");
        inventory.addBesides(path);
        await memory.save();
      },
    });
  }

  /** A set may have been about to become a folder, or a folder one, when the process before ended. */
  #takeUp(): void {
    const entries = this.held?.manifest.entries ?? [];
    this.#noteSets(entries);
    for (const entry of entries) {
      if (entry.kind !== "folder") continue;
      try {
        const { target } = placeOf(entry.path, this.#opened.disk.roots);
        restoreFormer(dirname(target), basename(target));
      } catch {
        // The survey of the next delivery finds it, and says what is wrong.
      }
    }
  }

  #noteSets(entries: readonly ManifestEntry[]): void {
    this.#rules.sets.clear();
    for (const entry of entries) {
      if (entry.kind !== "folder" || entry.together !== true) continue;
      try {
        this.#rules.sets.add(placeOf(entry.path, this.#opened.disk.roots).target);
      } catch (error) {
        // It leads nowhere: nothing is below it.
        if (!(error instanceof StorageError)) throw error;
      }
    }
  }
}
