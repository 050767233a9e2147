/**
 * Who asks the file server under mutual TLS: containers of the app, by certificates of its keeper.
 *
 * What the server itself shows is delivered as any other secret: a folder with `key.pem`, `chain.pem`
 * and `root.pem`. A change of them counts at once.
 *
 * @module
 */
import {
  type Action,
  type Bytes,
  CallError,
  decodeUtf8,
  type FileEntry,
  type Logger,
} from "../../protocol/mod.ts";
import { tcpConnection } from "../../protocol/host/mod.ts";
import {
  type Certificate,
  decodePem,
  parseCertificate,
  USAGE_OIDS,
} from "../../protocol/certificates/mod.ts";
import { REVOCATIONS } from "../certificates/certificate_calls.ts";
import { type ListIssuers, RevocationBook } from "../certificates/revocation_book.ts";
import { ThrottledLog } from "../door/throttled_log.ts";
import { DuplexBytes } from "./server/duplex_bytes.ts";
import { componentOf, isNear } from "../neighbours/neighbours.ts";

/** What is needed to know callers by their certificates. */
export interface CallerCertificatesOptions {
  /** The folder of the delivered files, as the manifest has it. */
  readonly folder: string;
  /** The app whose components may ask. */
  readonly app: string;
  /** Returns what may be at a path. */
  readonly find: (path: string) => readonly FileEntry[];
  /** Returns all of a small file that is in place. */
  readonly read: (
    entries: readonly FileEntry[],
  ) => Promise<{ readonly bytes: Bytes | null } | null>;
  /** Is told who was turned away. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** A caller that is known, and the connection with it. */
export interface CertifiedCaller {
  /** The connection under TLS. */
  readonly connection: DuplexBytes;
  /** The component that the caller is. */
  readonly component: string;
  /** Tells whether the certificate still counts: it may be revoked, or be over, meanwhile. */
  readonly isCurrent: () => boolean;
}

/** What a certificate of an application lacks, or which component it is for. */
export type CallerVerdict =
  | { readonly component: string }
  | "expired"
  | "not-yet-valid"
  | "wrong-purpose"
  | "wrong-name";

/** Speaks TLS to callers, and learns who they are. */
export class CallerCertificates {
  readonly #options: CallerCertificatesOptions;
  readonly #refusals: ThrottledLog;
  readonly #book = new RevocationBook();

  /** Reads nothing yet. */
  constructor(options: CallerCertificatesOptions) {
    this.#options = options;
    this.#refusals = new ThrottledLog((address, { count, reasons }) => {
      const reason = Object.keys(reasons).join("; ");
      options.logger.warn("the file server turned somebody away under TLS", {
        ...{ address, count, reason },
      });
    });
  }

  /** The path of the file with the private key, which is served to nobody. */
  get keyPath(): string {
    return this.#pathOf("key.pem");
  }

  /** What a keeper may call: it tells which certificates are revoked. */
  get action(): Action<readonly Uint8Array[]> {
    return {
      ...REVOCATIONS,
      run: async (_context, lists) => {
        const issuers = await this.#readIssuers();
        for (const list of lists) {
          const verdict = issuers === null ? "refused" : await this.#book.take(list, issuers);
          if (verdict === "refused") {
            throw new CallError("list-refused", "nobody's list that counts");
          }
        }
        return null;
      },
    };
  }

  /** Tells the log what it was not told yet. */
  flush(): void {
    this.#refusals.flush();
  }

  /** Takes a connection; `null` where the caller has no certificate that counts. */
  async accept(conn: Deno.TcpConn, address: string): Promise<CertifiedCaller | null> {
    try {
      if (!isNear(address)) throw new Error("public-address");
      return await this.#accept(conn);
    } catch (error) {
      this.#refusals.note(address, reasonOf(error));
      return null;
    }
  }

  async #accept(conn: Deno.TcpConn): Promise<CertifiedCaller> {
    const [keyPem, chainPem, rootPem] = await Promise.all(
      ["key.pem", "chain.pem", "root.pem"].map((name) => this.#read(name)),
    );
    if (!keyPem || !chainPem || !rootPem) throw new Error("certificate-missing");
    const { acceptTls } = await import("../../protocol/host/tls/mod.ts");
    let judge = (): CallerVerdict | "revoked" => "wrong-name";
    const duplex = await acceptTls(tcpConnection(conn).duplex, {
      ...{ keyPem, chainPem, rootPem, signal: new AbortController().signal },
      check: (peer, presented) => {
        judge = () => this.#judge(peer, presented);
        const verdict = judge();
        return typeof verdict === "string" ? verdict : null;
      },
    });
    const verdict = judge();
    if (typeof verdict === "string") throw new Error(verdict);
    const isCurrent = () => typeof judge() !== "string";
    return { connection: new DuplexBytes(duplex), component: verdict.component, isCurrent };
  }

  #judge(peer: Certificate, presented: readonly Certificate[]): CallerVerdict | "revoked" {
    const isRevoked = this.#book.isRevoked(peer.serialHex) ||
      presented.some((one) => this.#book.isIssuerRevoked(one.serialHex));
    const { app, now = Date.now } = this.#options;
    return isRevoked ? "revoked" : judgeCaller(peer, { app, nowMs: now() });
  }

  /** Returns whose lists count: whoever issued the server's own certificate, and the root. */
  async #readIssuers(): Promise<ListIssuers | null> {
    const [chain, top] = await Promise.all([this.#read("chain.pem"), this.#read("root.pem")]);
    const [, issuerDer] = decodePem("CERTIFICATE", chain ?? "") ?? [];
    const [rootDer] = decodePem("CERTIFICATE", top ?? "") ?? [];
    const root = rootDer === undefined ? null : parseCertificate(rootDer);
    const issuer = issuerDer === undefined ? root : parseCertificate(issuerDer);
    return root === null || issuer === null ? null : { issuer, root };
  }

  #pathOf(name: string): string {
    return `${this.#options.folder.replace(/\/+$/, "")}/${name}`;
  }

  async #read(name: string): Promise<string | null> {
    const { find, read } = this.#options;
    const file = await read(find(this.#pathOf(name)));
    return file === null || file.bytes === null ? null : decodeUtf8(file.bytes);
  }
}

/**
 * Says which component of an app a certificate is for: by the one container that it names, beside
 * whatever other names it has.
 */
export function judgeCaller(
  { notBeforeMs, notAfterMs, usages, isAuthority, dnsNames }: Certificate,
  { app, nowMs }: { readonly app: string; readonly nowMs: number },
): CallerVerdict {
  if (nowMs < notBeforeMs) return "not-yet-valid";
  if (nowMs > notAfterMs) return "expired";
  if (isAuthority || usages?.includes(USAGE_OIDS.client) !== true) return "wrong-purpose";
  const components = dnsNames.map((name) => componentOf(name, app)).filter((one) => one !== null);
  const [component, ...others] = new Set(components.map((one) => one.toLowerCase()));
  return component === undefined || others.length > 0 ? "wrong-name" : { component };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
