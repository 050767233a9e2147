/** A keeper that issues certificates to real sub-agents, and reaches them under TLS. */
import type { CallDesk } from "../../protocol/calls/mod.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import type { Duplex } from "../../protocol/duplex.ts";
import { connectTls, type TlsOptions } from "../../protocol/host/tls/mod.ts";
import type { Action, StatementSigner } from "../../protocol/mod.ts";
import { composeManifestStatement } from "../../protocol/statement.ts";
import type { PlayedCertificate } from "./played_authority.ts";
import type { PlayedIssuer } from "./played_issuer.ts";
import { openSignedSessionOver } from "./signing.ts";
import { sourceOf } from "./stuck_delivery.ts";
import { AGENT_NAME, checkAgent, credentialsFor, KEEPER, type TlsAuthorities } from "./tls_ends.ts";

/** What a keeper of a test does. */
export interface IssuingDelivery {
  /** Signs its connection and its manifests. */
  readonly signer: StatementSigner;
  /** What issues certificates. */
  readonly issuer: PlayedIssuer;
  /** Its files. */
  readonly files: Readonly<Record<string, string>>;
  /** The revision of its manifest. */
  readonly revision: number;
  /** Is done in the session beside. */
  readonly work?: ((desk: CallDesk) => Promise<void>) | undefined;
}

/** Delivers over a transport, and issues the certificate that is asked for meanwhile. */
export async function deliverIssuing(
  duplex: Duplex,
  { signer, issuer, files, revision, work }: IssuingDelivery,
): Promise<void> {
  const session = await openSignedSessionOver(duplex, { signer });
  const { claim: { app, component }, agentDigestHex } = session.origin;
  const certificate: Action = {
    name: "certificate",
    run: (_context, input) => issuer.issue(input as Parameters<PlayedIssuer["issue"]>[0]),
  };
  await deliverAsKeeper(session, await sourceOf({ ...files }), {
    revision,
    lifetimeS: 3_600,
    calls: { actions: [certificate], ...(work === undefined ? {} : { work }) },
    sign: (message) => {
      return signer.sign(composeManifestStatement({ ...message, app, component, agentDigestHex }));
    },
  });
}

/** What a keeper shows that is what it should be, but for what is said. */
export async function keeperShows(
  authorities: TlsAuthorities,
  says: Partial<PlayedCertificate> = {},
): Promise<Pick<TlsOptions, "keyPem" | "chainPem" | "rootPem">> {
  return await credentialsFor({ ...KEEPER, ...says }, authorities);
}

/** Speaks TLS over a transport to the sub-agent `db` of the app `shop`. */
export async function speakTls(
  duplex: Duplex,
  shows: Pick<TlsOptions, "keyPem" | "chainPem" | "rootPem">,
): Promise<Duplex> {
  const { signal } = new AbortController();
  return await connectTls(duplex, {
    ...shows,
    serverName: AGENT_NAME,
    check: checkAgent(),
    signal,
  });
}
