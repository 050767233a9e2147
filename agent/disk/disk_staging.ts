/**
 * Files on their way to their place: into a folder, over what is there, or into the next state of a set.
 *
 * @module
 */
import {
  type FileEntry,
  limits,
  type Ownership,
  type ResumedFile,
  type StagedFile,
  type StageOptions,
  StorageError,
} from "../../protocol/mod.ts";
import { MAX_WRITTEN_AT_ONCE_BYTES } from "../limits.ts";
import {
  type DiskPlace,
  enterFolders,
  lookAt,
  makeFolders,
  refusePath,
  walkTo,
  walkToFolder,
  type WayRules,
} from "./paths/mod.ts";
import {
  type DeviceTraits,
  type FileDigests,
  InPlaceFile,
  type MemoryBacking,
  type OpenedPart,
  type PartFiles,
  partName,
  StagedDiskFile,
  type StagePlan,
} from "./files/mod.ts";
import type { Findings } from "./survey/mod.ts";
import type { MountMemory } from "./mount_memory.ts";
import type { SetBuild, SetBuilds } from "./sets/mod.ts";

/** What staging works with. */
export interface StagingParts {
  /** What the survey found. */
  readonly findings: Findings;
  /** The sets that are changed. */
  readonly builds: SetBuilds;
  /** What may be on the way. */
  readonly rules: WayRules;
  /** What devices keep of owners and modes. */
  readonly traits: DeviceTraits;
  /** What files hold. */
  readonly digests: FileDigests;
  /** Whether files lie in memory. */
  readonly memory: MemoryBacking;
  /** Files that are mounts of their own. */
  readonly mounts: MountMemory;
  /** Parts of files that are kept. */
  readonly kept: PartFiles;
  /** Takes the folders in which something was put. */
  readonly unsettled: Set<string>;
  /** Is told of a file that is in place and that no manifest declares, and of folders made for it. */
  readonly onBesides: (path: string, madeFolders: readonly string[]) => Promise<void>;
}

/** Where a file is to go. */
interface Destination {
  readonly path: string;
  readonly entry: FileEntry | null;
  readonly ownership: Ownership;
  readonly place: DiskPlace;
  /** Where a part of it waits, on the file system of its target. */
  readonly partFolder: string;
  /** The set that it belongs to. */
  readonly build: SetBuild | null;
}

/** What a file that is put in place was before. */
type FormerState = {
  info: Deno.FileInfo | null;
  /** The paths of the folders that were missing, where no manifest declares the file. */
  readonly missing: readonly string[];
};

/** Stages files. */
export class DiskStaging {
  readonly #parts: StagingParts;

  /** Stages nothing yet. */
  constructor(parts: StagingParts) {
    this.#parts = parts;
  }

  /** Opens a place for a file that is on its way; see {@linkcode SecretStore.stage}. */
  async stage(path: string, { size, mode, entry = null }: StageOptions): Promise<StagedFile> {
    const destination = this.#destinationOf(path, { entry, mode });
    const missing = entry === null ? findMissing(destination) : [];
    const before = { ...await this.#prepare(destination, isSmall(size)), missing };
    if (entry?.inPlace === true && before.info !== null && destination.build === null) {
      return this.#wrapInPlace(await this.#createInPlace(destination, size), { destination });
    }
    if (before.info !== null && destination.build === null) {
      const { target, folder } = destination.place;
      this.#parts.mounts.check(target, { info: before.info, folder, size });
    }
    const plan = await this.#planOf(destination, before);
    const staged = await StagedDiskFile.create(plan, { isSmall: isSmall(size) });
    return this.#wrap(staged, { destination, plan, before });
  }

  /** Takes up what came of a file; see {@linkcode SecretStore.resume}. */
  async resume(entry: FileEntry): Promise<ResumedFile | null> {
    const destination = this.#destinationOf(entry.path, { entry, mode: entry.mode });
    if (entry.inPlace === true && destination.build === null) return null;
    const { folders } = destination.place;
    if (folders.length > 0 && lookAt(destination.partFolder) === null) return null;
    const before = { ...await this.#prepare(destination, false), missing: [] };
    const part = await this.#parts.kept.open(entry, destination.partFolder);
    if (part === null) return null;
    const { path, file, offset, prefix, hasher }: OpenedPart = part;
    const plan = await this.#planOf(destination, before);
    const staged = await StagedDiskFile.resume(plan, { path, file, size: offset });
    return { offset, prefix, hasher, staged: this.#wrap(staged, { destination, plan, before }) };
  }

  #destinationOf(
    path: string,
    { entry, mode }: { readonly entry: FileEntry | null; readonly mode: number },
  ): Destination {
    const { findings, builds } = this.#parts;
    const place = findings.claimPlace(path);
    const set = findings.setOf(path);
    const build = set === null ? null : builds.of(set);
    const partFolder = set === null ? place.folder : set.place.folder;
    return { path, entry, ownership: entry ?? { mode }, place, partFolder, build };
  }

  /**
   * Makes the way to the place, and looks at what is there: for a small file only where it matters
   * before its contents are here, since it is looked at again when they are.
   */
  async #prepare(
    { place, build, entry }: Destination,
    isSmall: boolean,
  ): Promise<Pick<FormerState, "info">> {
    const { rules, memory } = this.#parts;
    if (build !== null) {
      const way = build.plan.place;
      await this.#makeFolders(way);
      await memory.check(way.folder, lookAt(way.folder)?.dev ?? 0);
      return { info: build.look(place) };
    }
    if (isSmall && entry !== null && entry.inPlace !== true) {
      const way = enterFolders(place, rules);
      if (way?.folder === place.folder) {
        await memory.check(place.folder, way.info.dev);
        return { info: null };
      }
    }
    let arrival = walkTo(place, rules);
    if (arrival.folder !== place.folder) {
      await this.#makeFolders(place);
      arrival = walkTo(place, rules);
    }
    await memory.check(place.folder, arrival.dev ?? 0);
    return { info: arrival.info };
  }

  async #makeFolders(place: DiskPlace): Promise<void> {
    const { rules, unsettled } = this.#parts;
    for (const parent of await makeFolders(place, rules)) unsettled.add(parent);
  }

  async #planOf(destination: Destination, before: FormerState): Promise<StagePlan> {
    const { path, entry, ownership, place, partFolder, build } = destination;
    const { rules, findings } = this.#parts;
    const isLarge = entry !== null && entry.size >= limits.MIN_RESUMED_BYTES;
    const name = isLarge ? await partName(entry) : null;
    if (build !== null) {
      const { folder, target } = await build.openPlace(place);
      const { place: setPlace } = build.plan;
      const check = () => void walkToFolder(setPlace, rules);
      return { folder: isLarge ? partFolder : folder, target, ownership, partName: name, check };
    }
    const check = () => {
      before.info = walkTo(place, rules).info;
      if (before.info !== null) findings.claims.claimInode(path, before.info);
    };
    return { folder: place.folder, target: place.target, ownership, partName: name, check };
  }

  #wrap(
    file: StagedDiskFile,
    { destination, plan, before }: {
      readonly destination: Destination;
      readonly plan: StagePlan;
      readonly before: FormerState;
    },
  ): StagedFile {
    const { kept, mounts } = this.#parts;
    return {
      write: (bytes) => file.write(bytes),
      discard: () => file.discard(),
      interrupt: async () => {
        const path = await file.interrupt();
        if (path !== null) kept.note(path, Date.now());
      },
      commit: async () => {
        try {
          const info = await file.commit();
          this.#noteInPlace(destination, { target: plan.target, info, before, isNew: true });
          const { path, entry } = destination;
          if (entry === null) await this.#parts.onBesides(path, before.missing);
          return before.info === null ? "created" : "updated";
        } catch (error) {
          if (isMountError(error) && before.info !== null) mounts.note(plan.target, before.info);
          throw error;
        }
      },
    };
  }

  #createInPlace(
    { place, ownership }: Destination,
    size: number | null,
  ): Promise<InPlaceFile> {
    const { folder, target } = place;
    const look = () => {
      const { info } = walkTo(place, this.#parts.rules);
      if (info !== null) return info;
      throw refusePath(target, "vanished while its contents came");
    };
    return InPlaceFile.create({ folder, target, size, ownership, look });
  }

  #wrapInPlace(
    file: InPlaceFile,
    { destination }: { readonly destination: Destination },
  ): StagedFile {
    return {
      write: (bytes) => file.write(bytes),
      discard: () => file.discard(),
      interrupt: () => file.discard(),
      commit: async () => {
        const info = await file.commit();
        const { target } = destination.place;
        this.#noteInPlace(destination, { target, info, before: { info: null }, isNew: false });
        return "updated";
      },
    };
  }

  #noteInPlace(
    { path, ownership, build, place }: Destination,
    { target, info, before, isNew }: {
      readonly target: string;
      readonly info: Deno.FileInfo;
      readonly before: Pick<FormerState, "info">;
      readonly isNew: boolean;
    },
  ): void {
    const { digests, unsettled, findings, traits } = this.#parts;
    traits.learn(info, ownership, { isNew });
    if (build !== null) return build.note(path);
    digests.delete(target);
    unsettled.add(place.folder);
    if (before.info !== null) findings.claims.releaseInode(path, before.info);
    findings.claims.claimInode(path, info);
    findings.unconfirmed.delete(path);
  }
}

/** Tells whether a file is written and put in place without waiting in turn for each step. */
function isSmall(size: number | null): boolean {
  return size !== null && size <= MAX_WRITTEN_AT_ONCE_BYTES;
}

/** Returns the paths of the folders on the way that are missing. */
function findMissing({ path, place: { folders } }: Destination): string[] {
  const segments = path.split("/");
  return folders.flatMap((folder, i) => {
    const way = segments.slice(0, i - folders.length).join("/");
    return lookAt(folder) === null ? [way] : [];
  });
}

function isMountError(error: unknown): boolean {
  return error instanceof StorageError && error.code === "file-mounted";
}
