/**
 * Where a keeper that serves gets its certificate authority: opened when the first agent asks for a
 * certificate, and made then where there is none.
 *
 * @module
 */
import { ConfigError, FluxVaultError } from "../../protocol/mod.ts";
import type { OpenedAudit } from "../audit/run_audit.ts";
import type { Authority } from "../authority/authority.ts";
import { rootIndexPath } from "../authority/state/index_path.ts";
import type { CallsOfAgent } from "../contact/called_agent.ts";
import { certificateCalls } from "../contact/certificate_calls.ts";
import type { SecureConnection } from "../contact/contact.ts";
import type { KeyDesk } from "./key_desk.ts";
import type { AppWish } from "./run/app_wish.ts";
import type { ServeContext } from "./run_context.ts";

/** What the authority is opened with. */
export interface CertificateDeskParts {
  /** The folder of state. */
  readonly stateFolder: string;
  /** Has the stored keys. */
  readonly keys: Pick<KeyDesk, "ring">;
  /** Opens the audit log. */
  readonly audit: () => Promise<Pick<OpenedAudit, "log">>;
}

/** Opens the authority once, and has what agents may call of it. */
export class CertificateDesk {
  readonly #context: ServeContext;
  readonly #parts: CertificateDeskParts;
  #opened: Promise<Authority> | null = null;
  #securing: Promise<SecureConnection> | null = null;

  /** Opens nothing yet. */
  constructor(context: ServeContext, parts: CertificateDeskParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /**
   * Asks for the secret of the authority while somebody can be asked, where there is an authority. That
   * it cannot be had costs the agents no other file: the log says so.
   *
   * @param options.isNeeded Whether it is made now where there is none. @default {false}
   */
  async prepare({ isNeeded = false }: { readonly isNeeded?: boolean } = {}): Promise<void> {
    const { signal, logger } = this.#context;
    const isMade = await isThere(rootIndexPath(this.#parts.stateFolder));
    if (!isMade && !isNeeded) return;
    try {
      const authority = await this.open();
      await (isMade ? authority.unlock() : authority.init());
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn(
        "No certificate can be issued; a restart of the keeper asks for what is missing.",
        {
          reason,
        },
      );
    }
  }

  /**
   * Opens the authority.
   *
   * @throws {StorageError} where its index cannot be read; the next call tries again.
   */
  open(): Promise<Authority> {
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }

  /** Returns what agents of an app may call about certificates. */
  callsFor({ findCertificate }: Pick<AppWish, "findCertificate">): CallsOfAgent {
    return certificateCalls({
      authority: () => this.open(),
      logger: this.#context.logger,
      ...(findCertificate === undefined ? {} : { findCertificate }),
    });
  }

  /**
   * Makes connections to enrolled agents ones under TLS; what speaks it is loaded with the first. Where
   * there is no authority, or its secret cannot be had, they fail with `tls-unknown`.
   */
  readonly secure: SecureConnection = async (connection, agent) => {
    this.#securing ??= this.#secureWith().catch((error) => {
      this.#securing = null;
      throw error;
    });
    return await (await this.#securing)(connection, agent);
  };

  async #secureWith(): Promise<SecureConnection> {
    try {
      const authority = await this.open();
      // To make one here would be of no use: no agent knows it.
      if (!await authority.unlock()) {
        throw new FluxVaultError("tls-unknown", "there is no certificate authority here");
      }
      const { KeeperCertificates } = await import("../authority/mod.ts");
      const { secureWith } = await import("../contact/secured_connection.ts");
      const open = () => Promise.resolve(authority);
      const certificates = new KeeperCertificates({ authority: open });
      return secureWith({ certificates, authority: open });
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      const message = "the certificate authority cannot be used";
      throw new FluxVaultError("tls-unknown", message, { cause });
    }
  }

  async #open(): Promise<Authority> {
    const { env, settings: { keyStore } } = this.#context;
    const { stateFolder, keys, audit } = this.#parts;
    const { openAuthority } = await import("../authority/mod.ts");
    const append: OpenedAudit["log"]["append"] = async (events) => {
      await (await audit()).log.append(events);
    };
    return await openAuthority(await keys.ring(), {
      stateFolder,
      env,
      keyStore,
      audit: { append },
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    // Whatever else it is, whoever reads the file says so.
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Tells whether some app declares certificates for its applications. */
export async function declareCertificates(
  wishes: readonly Pick<AppWish, "declare">[],
): Promise<boolean> {
  for (const { declare } of wishes) {
    const { certificates = [] } = await declare();
    if (certificates.length > 0) return true;
  }
  return false;
}
