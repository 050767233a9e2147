/**
 * The manifest that an agent holds: in memory, and in the state folder where there is one.
 *
 * @module
 */
import type { HeldManifest, Logger, ManifestMessage } from "../../../protocol/mod.ts";
import {
  mustRenewManifest,
  readManifestFile,
  type RecallIssued,
  removeManifestFile,
  writeManifestFile,
} from "./manifest_file.ts";

/** Where a manifest is kept. */
export interface ManifestMemoryOptions {
  /** The agent's folder of state, or `null` for memory alone. */
  readonly stateFolder: string | null;
  /** Is told of what cannot be read or written. */
  readonly logger: Logger;
  /** Says what is remembered of what came of certificates. @default {nothing} */
  readonly recall?: RecallIssued;
}

/** Holds one manifest. */
export class ManifestMemory {
  readonly #options: ManifestMemoryOptions;
  #held: HeldManifest | null;
  /** What was written last, or read. */
  #written: ManifestMessage | null;

  private constructor(options: ManifestMemoryOptions, held: HeldManifest | null) {
    this.#options = options;
    this.#held = held;
    this.#written = held?.message ?? null;
  }

  /** Takes up what an earlier process kept; what cannot be read is not, and said. */
  static async open(options: ManifestMemoryOptions): Promise<ManifestMemory> {
    const { stateFolder, logger, recall } = options;
    if (stateFolder === null) return new ManifestMemory(options, null);
    try {
      const held = await readManifestFile(stateFolder, recall === undefined ? {} : { recall });
      return new ManifestMemory(options, held);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("the manifest that was kept cannot be used; the keeper sends it again", {
        reason,
      });
      return new ManifestMemory(options, null);
    }
  }

  /** The manifest, or `null`. */
  get held(): HeldManifest | null {
    return this.#held;
  }

  /** Keeps a manifest in place of the one before; where it cannot be written, that is said. */
  async keep(manifest: HeldManifest): Promise<void> {
    const { stateFolder, logger } = this.#options;
    const { message } = manifest;
    this.#held = manifest;
    if (stateFolder === null || !mustRenewManifest(this.#written, message)) return;
    try {
      await writeManifestFile(stateFolder, manifest);
      this.#written = message;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("the manifest is kept in memory only", { reason });
    }
  }

  /**
   * Forgets the manifest.
   *
   * @throws {StorageError} with what the system said.
   */
  async forget(): Promise<void> {
    const { stateFolder } = this.#options;
    this.#held = null;
    this.#written = null;
    if (stateFolder !== null) await removeManifestFile(stateFolder);
  }
}
