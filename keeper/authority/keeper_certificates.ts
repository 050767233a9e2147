/**
 * The certificates that a keeper shows to agents: one for each app, in memory, made anew in time.
 *
 * @module
 */
import type { Authority, KeeperCertificate } from "./authority.ts";

/** The options of {@linkcode KeeperCertificates}. */
export interface KeeperCertificatesOptions {
  /** Opens the authority. */
  readonly authority: () => Promise<Pick<Authority, "issueForKeeper">>;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Has certificates for a keeper ready; whoever asks meanwhile waits for the same one. */
export class KeeperCertificates {
  readonly #open: () => Promise<Pick<Authority, "issueForKeeper">>;
  readonly #now: () => number;
  readonly #held = new Map<string, KeeperCertificate>();
  readonly #making = new Map<string, Promise<KeeperCertificate>>();

  /** Has none yet. */
  constructor({ authority, now = Date.now }: KeeperCertificatesOptions) {
    this.#open = authority;
    this.#now = now;
  }

  /**
   * Returns the certificate for the agents of an app, with its private key.
   *
   * From two thirds of its life on there is another; where that cannot be made, the old one is given
   * until its end.
   *
   * @throws {AuthorityError}, {StorageError} or {ConfigError} where there is none.
   */
  async current(app: string): Promise<KeeperCertificate> {
    const held = this.#held.get(app);
    if (held !== undefined && this.#now() < held.renewAtMs) return held;
    try {
      return await this.#make(app);
    } catch (error) {
      if (held !== undefined && this.#now() < held.notAfterMs) return held;
      throw error;
    }
  }

  /** Forgets that of an app, as when agents say that it was revoked. */
  forget(app: string): void {
    this.#held.delete(app);
  }

  #make(app: string): Promise<KeeperCertificate> {
    const making = this.#making.get(app);
    if (making !== undefined) return making;
    const made = this.#open()
      .then((authority) => authority.issueForKeeper(app))
      .then((certificate) => {
        this.#held.set(app, certificate);
        return certificate;
      })
      .finally(() => this.#making.delete(app));
    this.#making.set(app, made);
    return made;
  }
}
