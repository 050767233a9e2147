/**
 * What is remembered of one certificate for the application.
 *
 * @module
 */
import type { CertificateKey, KnownCertificate } from "../../protocol/mod.ts";

/** One certificate that was issued. */
export interface IssuedNote {
  /** Who declared it: the address of the keeper's key, or `null` where the keeper does not sign. */
  readonly declaredBy: string | null;
  /** Its name. */
  readonly name: string;
  /** What kind of key it is for. */
  readonly key: CertificateKey;
  /** The terms on which it was issued, in hex. */
  readonly terms: string;
  /** From when on another is to be issued, in Unix milliseconds. */
  readonly renewAtMs: number;
  /** What its files hold. */
  readonly parts: KnownCertificate["parts"];
}

/** Where what was issued is kept. */
export interface IssuedJournal {
  /** What is known from before. */
  readonly known: readonly IssuedNote[];
  /** Makes all that is known outlast a restart, or rejects. */
  readonly save: (notes: readonly IssuedNote[]) => Promise<void>;
}
