/**
 * Connections to agents that have enrolled: mutual TLS over whatever leads to them.
 *
 * @module
 */
import { FluxVaultError } from "../../protocol/mod.ts";
import {
  agentCertificateName,
  type Certificate,
  findCertificateFault,
  parseRevocationList,
} from "../../protocol/certificates/mod.ts";
import type { Authority, KeeperCertificates } from "../authority/mod.ts";
import type { SecureConnection } from "./contact.ts";

/** What connections are secured with. */
export interface SecureWithOptions {
  /** What the keeper shows. */
  readonly certificates: Pick<KeeperCertificates, "current">;
  /** Opens what knows what is revoked. */
  readonly authority: () => Promise<Pick<Authority, "revocationList" | "rootRevocationList">>;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/**
 * Returns what makes connections to the enrolled agents of an app ones under TLS.
 *
 * What comes of it rejects with `certificate-refused` where an agent shows no certificate that counts,
 * and its readable fails so where the agent does not take the keeper's. The modules that speak TLS are
 * loaded with the first connection.
 */
export function secureWith(
  { certificates, authority, now = Date.now }: SecureWithOptions,
): SecureConnection {
  return async (connection, { app, component, signal }) => {
    if (app === null) {
      throw new FluxVaultError("tls-unknown", "an agent of no app has no certificate");
    }
    const [{ chain, root, privateKey }, serials] = await Promise.all([
      certificates.current(app),
      readRevoked(await authority(), app),
    ]);
    const { connectTls } = await import("../../protocol/host/tls/mod.ts");
    const name = agentCertificateName({ app, component });
    const check = (peer: Certificate, presented: readonly Certificate[]) =>
      findCertificateFault(peer, {
        ...{ usage: "server", name, nowMs: now() } as const,
        isRevoked: () => presented.some(({ serialHex }) => serials.has(serialHex)),
      });
    const duplex = await connectTls(connection.duplex, {
      ...{ keyPem: privateKey, chainPem: chain.join(""), rootPem: root },
      ...{ serverName: name, check, signal },
    });
    return { ...connection, duplex, close: (reason) => connection.close(reason) };
  };
}

/** Returns the serial numbers on both lists: of what was issued for the app, and of whoever issues it. */
async function readRevoked(
  authority: Pick<Authority, "revocationList" | "rootRevocationList">,
  app: string,
): Promise<ReadonlySet<string>> {
  const lists = [await authority.revocationList(app), await authority.rootRevocationList()];
  const serials = new Set<string>();
  for (const der of lists) {
    if (der === null) continue;
    const list = parseRevocationList(der);
    if (list === null) throw new TypeError("the authority made a list that is none");
    for (const serial of list.serials) serials.add(serial);
  }
  return serials;
}
