/**
 * The highest revision of a manifest that was seen of each signer, so that an older one is noticed.
 *
 * @module
 */
import { type Logger, SILENT_LOGGER } from "../../protocol/mod.ts";
import { MAX_REMEMBERED_SIGNERS } from "../limits.ts";

/** The address of a signer and the highest revision that was seen of it. */
export type SignerRevision = readonly [signer: string, revision: number];

/** The options of a {@linkcode RevisionMemory}. */
export interface RevisionMemoryOptions {
  /** What is known from before. @default {[]} */
  readonly known?: Iterable<SignerRevision>;
  /** Makes all that is known outlast a restart, or rejects. @default {nothing} */
  readonly save?: (known: readonly SignerRevision[]) => Promise<void>;
  /** How many signers are remembered; who was seen longest ago is forgotten. @default {64} */
  readonly maxSigners?: number;
  /** Is told where it cannot be saved. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
}

/**
 * Remembers the highest revision of each signer.
 *
 * @example
 * ```ts
 * import { RevisionMemory, type SignerRevision } from "@fluxvault/fluxvault/agent";
 *
 * let kept: readonly SignerRevision[] = []; // A file, where it should outlast a restart.
 * const revisions = new RevisionMemory({
 *   save: (known) => {
 *     kept = known;
 *     return Promise.resolve();
 *   },
 * });
 * await revisions.raise("1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM", 7);
 * const restarted = new RevisionMemory({ known: kept });
 * console.assert(restarted.of("1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM") === 7);
 * ```
 */
export class RevisionMemory {
  readonly #options: RevisionMemoryOptions;
  /** In the order in which they were raised last. */
  readonly #revisions: Map<string, number>;
  #isSaved = true;

  /** Takes up what is known. */
  constructor(options: RevisionMemoryOptions = {}) {
    this.#options = options;
    this.#revisions = new Map(options.known);
  }

  /** Returns the highest revision of a signer; 0 where there was none. */
  of(signer: string): number {
    return this.#revisions.get(signer) ?? 0;
  }

  /**
   * Notes a revision, and makes it outlast a restart before it resolves; a lower one than before
   * changes nothing. What could not be saved is tried again with the next one. Never rejects: a disk
   * that is full keeps no files from their application.
   */
  async raise(signer: string, revision: number): Promise<void> {
    if (revision <= this.of(signer) && this.#isSaved) return;
    const { save, logger = SILENT_LOGGER, maxSigners = MAX_REMEMBERED_SIGNERS } = this.#options;
    const highest = Math.max(revision, this.of(signer));
    this.#revisions.delete(signer);
    this.#revisions.set(signer, highest);
    for (const oldest of this.#revisions.keys()) {
      if (this.#revisions.size <= maxSigners) break;
      this.#revisions.delete(oldest);
    }
    try {
      await save?.([...this.#revisions]);
      this.#isSaved = true;
    } catch (error) {
      this.#isSaved = false;
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("the revision of the manifest is kept in memory only", { reason });
    }
  }
}
