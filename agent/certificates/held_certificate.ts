/**
 * The certificate of an agent, in memory alone, and what it asks of keepers by it.
 *
 * @module
 */
import { equalBytes } from "../../protocol/mod.ts";
import {
  agentCertificateName,
  type Certificate,
  type CertificateFault,
  findCertificateFault,
  keeperCertificateName,
} from "../../protocol/certificates/mod.ts";
import { type IssuedCertificate, renewalTimeMs } from "./issued_certificate.ts";
import { type ListVerdict, RevocationBook } from "./revocation_book.ts";

/** A certificate and its key, as TLS takes them. */
export interface HeldParts extends IssuedCertificate {
  /** The private key, as PEM (PKCS #8): for memory alone. */
  readonly keyPem: string;
}

/** The options of {@linkcode HeldCertificate}. */
export interface HeldCertificateOptions {
  /** The app of the agent. */
  readonly app: string;
  /** The component that it is. */
  readonly component: string;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Holds the certificate of an agent, at most one at a time. */
export class HeldCertificate {
  readonly #names: { readonly agent: string; readonly keeper: string };
  readonly #now: () => number;
  readonly #book = new RevocationBook();
  #held: HeldParts | null = null;

  /** Holds none yet. */
  constructor({ app, component, now = Date.now }: HeldCertificateOptions) {
    this.#names = {
      agent: agentCertificateName({ app, component }),
      keeper: keeperCertificateName(app),
    };
    this.#now = now;
  }

  /** The certificate; `null` where there is none that counts now. */
  get current(): HeldParts | null {
    const held = this.#held;
    return held === null || this.#faultOf(held) !== null ? null : held;
  }

  /** Whether a new one is to be asked for: there is none, or two thirds of its life are over. */
  get isDue(): boolean {
    const { current } = this;
    return current === null || this.#now() >= renewalTimeMs(current.certificate);
  }

  /**
   * Takes a new one in the place of the last.
   *
   * @returns Why it does not count for this agent; the last one stays then. `null` where it does.
   */
  hold(parts: HeldParts): CertificateFault | null {
    const fault = this.#faultOf(parts);
    if (fault !== null) return fault;
    const last = this.#held;
    const isSame = (by: "issuer" | "root") => {
      return last !== null && equalBytes(last[by].publicKeyInfo, parts[by].publicKeyInfo);
    };
    if (!isSame("issuer")) this.#book.forget({ keepRoot: isSame("root") });
    this.#held = parts;
    return null;
  }

  /** Takes a list of what is revoked, in DER; refuses all while there is no certificate. */
  async takeList(der: Uint8Array): Promise<ListVerdict> {
    return this.#held === null ? "refused" : await this.#book.take(der, this.#held);
  }

  /** Returns why what a keeper has shown does not count, or `null` where it does. */
  checkKeeper(peer: Certificate, presented: readonly Certificate[]): CertificateFault | null {
    if (presented.some(({ serialHex }) => this.#book.isIssuerRevoked(serialHex))) return "revoked";
    return findCertificateFault(peer, {
      usage: "client",
      name: this.#names.keeper,
      nowMs: this.#now(),
      isRevoked: (serialHex) => this.#book.isRevoked(serialHex),
    });
  }

  #faultOf({ certificate, issuer }: HeldParts): CertificateFault | null {
    if (this.#book.isIssuerRevoked(issuer.serialHex)) return "revoked";
    return findCertificateFault(certificate, {
      usage: "server",
      name: this.#names.agent,
      nowMs: this.#now(),
      isRevoked: (serialHex) => this.#book.isRevoked(serialHex),
    });
  }
}
