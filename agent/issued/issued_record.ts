/**
 * What an agent remembers of certificates that were issued for its application: on which terms, until
 * when, and the digests of the files; never a key.
 *
 * @module
 */
import type { DeclaredCertificate, Logger, Manifest } from "../../protocol/mod.ts";
import type { IssuedJournal, IssuedNote } from "./issued_note.ts";

/** Remembers what was issued. */
export class IssuedRecord {
  readonly #journal: IssuedJournal;
  readonly #logger: Logger;
  readonly #notes = new Map<string, IssuedNote>();
  /** Whether something was not written down. */
  #isDirty = false;

  /** Takes up what is known; the logger is told of what cannot be written down. */
  constructor(journal: IssuedJournal, { logger }: { readonly logger: Logger }) {
    this.#journal = journal;
    this.#logger = logger;
    for (const note of journal.known) this.#notes.set(keyOf(note), note);
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
    try {
      await this.#journal.save([...this.#notes.values()]);
      this.#isDirty = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn("what was issued for the application is remembered in memory only", {
        reason,
      });
    }
  }
}

/** An address holds no space, and neither does a name. */
function keyOf({ name, declaredBy }: Pick<IssuedNote, "name" | "declaredBy">): string {
  return `${declaredBy ?? ""} ${name}`;
}
