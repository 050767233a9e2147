/**
 * What is done to the disk between a survey and the next one.
 *
 * @module
 */
import {
  type FileEntry,
  type FileResult,
  type LocalStep,
  type Logger,
  type ResumedFile,
  type StagedFile,
  type StageOptions,
  StorageError,
} from "../../protocol/mod.ts";
import { makeFolders, refusePath } from "./paths/mod.ts";
import { DiskStaging, type StagingParts } from "./disk_staging.ts";
import type { Findings, FoundRemoval } from "./survey/mod.ts";
import { changeFile, changeFolder, makeFolder } from "./local_steps.ts";
import { remove } from "./files/mod.ts";
import { SetBuilds } from "./sets/mod.ts";

/** What a delivery works with. */
export interface DeliveryParts extends Omit<StagingParts, "builds"> {
  /** Is told why a set was not exchanged. */
  readonly logger: Logger;
}

/** Does what a delivery asks for. */
export class DiskDelivery {
  readonly #parts: DeliveryParts;
  readonly #builds: SetBuilds;
  readonly #staging: DiskStaging;
  readonly #removed: string[] = [];
  readonly #removing = new Set<Promise<void>>();
  readonly #late: (readonly [path: string, removal: FoundRemoval])[] = [];

  /** Has done nothing yet. */
  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#builds = new SetBuilds(parts);
    this.#staging = new DiskStaging({ ...parts, builds: this.#builds });
  }

  /** What the survey found. */
  get findings(): Findings {
    return this.#parts.findings;
  }

  /** The paths of what was removed. */
  get removed(): readonly string[] {
    return this.#removed;
  }

  /** Does one step; see {@linkcode SecretStore.perform}. */
  async perform(step: LocalStep): Promise<void> {
    if (step.kind === "remove") return await this.#remove(step.path);
    const { entry } = step;
    const { findings, rules, traits, unsettled } = this.#parts;
    const place = findings.placeOf(entry.path);
    const set = findings.setOf(entry.path);
    if (set !== null) {
      const build = this.#builds.of(set);
      if (entry.kind === "file") await build.reown(place, entry);
      return build.note(entry.path);
    }
    if (entry.kind === "file") {
      unsettled.add(await changeFile(place, { entry, rules, traits }));
    } else if (step.kind === "reown") {
      await changeFolder(place, { entry, rules, traits });
      unsettled.add(place.target);
    } else {
      for (const folder of await makeFolders(place, rules)) unsettled.add(folder);
      await makeFolder(place, { entry, rules, traits });
      unsettled.add(place.folder);
    }
  }

  /** Opens a place for a file that is on its way; see {@linkcode SecretStore.stage}. */
  stage(path: string, options: StageOptions): Promise<StagedFile> {
    return this.#staging.stage(path, options);
  }

  /** Takes up what came of a file; see {@linkcode SecretStore.resume}. */
  resume(entry: FileEntry): Promise<ResumedFile | null> {
    return this.#staging.resume(entry);
  }

  /**
   * Exchanges the sets that are whole.
   *
   * @returns What is not done after all.
   */
  async settle(): Promise<readonly FileResult[]> {
    const { exchanged, results } = await this.#builds.settle();
    for (const { plan, done } of exchanged) {
      this.#parts.unsettled.add(plan.place.folder);
      for (const path of done) {
        this.#parts.findings.unconfirmed.delete(path);
        if (this.#parts.findings.removalsOf(path).length > 0) this.#removed.push(path);
      }
    }
    const late: FileResult[] = [];
    for (const [path, removal] of this.#late.splice(0)) {
      try {
        await this.#removeNow(path, removal);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        late.push({ path, outcome: "failed", code: error.code });
      }
    }
    return [...results, ...late];
  }

  async #remove(path: string): Promise<void> {
    if (this.#parts.findings.removalsOf(path).length === 0) {
      throw refusePath(path, "was not found to be removed");
    }
    const work = this.#removeAll(path, [...this.#removing]);
    const ended = work.catch(() => {});
    this.#removing.add(ended);
    try {
      await work;
    } finally {
      this.#removing.delete(ended);
    }
  }

  async #removeAll(path: string, earlier: readonly Promise<void>[]): Promise<void> {
    for (const removal of this.#parts.findings.removalsOf(path)) {
      if (removal.set !== null) this.#builds.of(removal.set).note(path);
      else if (removal.isLate === true) this.#late.push([path, removal]);
      else {
        // It is empty once they are through.
        if (removal.extent === "folder") await Promise.all(earlier);
        await this.#removeNow(path, removal);
      }
    }
  }

  async #removeNow(path: string, removal: FoundRemoval): Promise<void> {
    const { rules, digests, unsettled } = this.#parts;
    const folder = await remove(removal, rules);
    digests.delete(removal.at);
    if (folder !== null) unsettled.add(folder);
    this.#removed.push(path);
  }
}
