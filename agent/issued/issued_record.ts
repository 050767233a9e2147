/**
 * What an agent remembers of certificates that were issued for its application: on which terms, until
 * when, and the digests of the files; never a key.
 *
 * @module
 */
import type { DeclaredCertificate, Logger, Manifest } from "../../protocol/mod.ts";
import { readIssuedFile, writeIssuedFile } from "./issued_file.ts";
import type { IssuedNote } from "./issued_note.ts";

/** Where a record is kept. */
export interface IssuedRecordOptions {
  /** The agent's folder of state, or `null` for memory alone. */
  readonly stateFolder: string | null;
  /** Is told of what cannot be read or written. */
  readonly logger: Logger;
}

/** Remembers what was issued. */
export class IssuedRecord {
  readonly #options: IssuedRecordOptions;
  readonly #notes = new Map<string, IssuedNote>();
  /** Whether something was not written down. */
  #isDirty = false;

  private constructor(options: IssuedRecordOptions, notes: readonly IssuedNote[]) {
    this.#options = options;
    for (const note of notes) this.#notes.set(keyOf(note), note);
  }

  /** Takes up what an earlier process remembered; what cannot be read is not, and is issued anew. */
  static async open(options: IssuedRecordOptions): Promise<IssuedRecord> {
    const { stateFolder, logger } = options;
    if (stateFolder === null) return new IssuedRecord(options, []);
    try {
      return new IssuedRecord(options, await readIssuedFile(stateFolder));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("what was issued for the application is not known, and is issued anew", {
        reason,
      });
      return new IssuedRecord(options, []);
    }
  }

  /** Finds what was issued on just these terms, or `null`. */
  find(
    { name, key, terms }: DeclaredCertificate,
    declaredBy: string | null,
  ): IssuedNote | null {
    const note = this.#notes.get(keyOf({ name, declaredBy }));
    return note?.key === key && note.terms === terms ? note : null;
  }

  /**
   * Remembers what was issued for a manifest, and forgets what the same keeper declares no more; after a
   * wipe, all. Where that cannot be written down, it is said once; never rejects.
   */
  async keep(
    { certificates = [], isWipe }: Manifest,
    { declaredBy, issued }: {
      readonly declaredBy: string | null;
      readonly issued: readonly IssuedNote[];
    },
  ): Promise<void> {
    const declared = new Set(certificates.map(({ name }) => keyOf({ name, declaredBy })));
    for (const [key, note] of this.#notes) {
      const isGone = isWipe || (note.declaredBy === declaredBy && !declared.has(key));
      if (!isGone) continue;
      this.#notes.delete(key);
      this.#isDirty = true;
    }
    for (const note of issued) {
      this.#notes.set(keyOf(note), note);
      this.#isDirty = true;
    }
    if (this.#isDirty) await this.#save();
  }

  async #save(): Promise<void> {
    const { stateFolder, logger } = this.#options;
    if (stateFolder === null) return;
    try {
      await writeIssuedFile(stateFolder, [...this.#notes.values()]);
      this.#isDirty = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("what was issued for the application is remembered in memory only", { reason });
    }
  }
}

/** An address holds no space, and neither does a name. */
function keyOf({ name, declaredBy }: Pick<IssuedNote, "name" | "declaredBy">): string {
  return `${declaredBy ?? ""} ${name}`;
}
