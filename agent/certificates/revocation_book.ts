/**
 * Which certificates of an authority are revoked, as far as an agent was told.
 *
 * There are two lists: of the certificates of the app, by whoever issues these, and of those who issue, by
 * the root. A list whose successor is overdue still counts: a keeper that brings the next one could not
 * connect otherwise, and whoever keeps it away gains nothing by a certificate that is on neither.
 *
 * @module
 */
import { type Bytes, equalBytes } from "../../protocol/mod.ts";
import {
  type Certificate,
  isRevocationListOf,
  parseRevocationList,
  type RevocationList,
} from "../../protocol/certificates/mod.ts";

/** Those whose lists count. */
export interface ListIssuers {
  /** Whoever issues the certificates of the app. */
  readonly issuer: Certificate;
  /** The root. */
  readonly root: Certificate;
}

/** What became of a list. */
export type ListVerdict =
  /** It counts from now on. */
  | "taken"
  /** It is not newer than the one that is known. */
  | "known"
  /** It is no list, or nobody's whose lists count. */
  | "refused";

/** A list, and by whose key it was signed. */
interface KnownList extends RevocationList {
  readonly signedBy: Bytes;
}

/** Remembers the newest list of each of the two. */
export class RevocationBook {
  readonly #lists: { issuer: KnownList | null; root: KnownList | null } = {
    issuer: null,
    root: null,
  };

  /** Takes a list, in DER, where it is of one of these, and newer than what is known. */
  async take(der: Uint8Array, issuers: ListIssuers): Promise<ListVerdict> {
    const list = parseRevocationList(der);
    if (list === null) return "refused";
    for (const by of ["issuer", "root"] as const) {
      if (!await isRevocationListOf(list, issuers[by])) continue;
      const known = this.#lists[by];
      const { publicKeyInfo: signedBy } = issuers[by];
      // Whoever has come in the place of another counts from one.
      const isSame = known !== null && equalBytes(known.signedBy, signedBy);
      if (isSame && known.number >= list.number) return "known";
      this.#lists[by] = { ...list, signedBy };
      return "taken";
    }
    return "refused";
  }

  /** Forgets the lists of whoever issued until now; of another root all. */
  forget({ keepRoot }: { readonly keepRoot: boolean }): void {
    this.#lists.issuer = null;
    if (!keepRoot) this.#lists.root = null;
  }

  /** Whether a certificate of the app is revoked. */
  isRevoked(serialHex: string): boolean {
    return this.#lists.issuer?.serials.has(serialHex) === true;
  }

  /** Whether one of those who issue is revoked. */
  isIssuerRevoked(serialHex: string): boolean {
    return this.#lists.root?.serials.has(serialHex) === true;
  }
}
