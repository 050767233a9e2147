/** Two ends of a transport that speak mutual TLS, as agent and keeper do, with what a test changes. */
import {
  agentCertificateName,
  findCertificateFault,
  keeperCertificateName,
} from "../../protocol/certificates/mod.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import {
  acceptTls,
  connectTls,
  type TlsClientOptions,
  type TlsOptions,
} from "../../protocol/host/tls/mod.ts";
import { PlayedAuthority, type PlayedCertificate } from "./played_authority.ts";

/** The name in the agent's certificate. */
export const AGENT_NAME: string = agentCertificateName({ app: "shop", component: "db" });
/** The name in the keeper's certificate. */
export const KEEPER_NAME: string = keeperCertificateName("shop");
/** What the keeper's certificate says. */
export const KEEPER: PlayedCertificate = {
  subject: "keeper",
  dnsNames: [KEEPER_NAME],
  usages: ["client"],
};
/** What the agent's certificate says. */
export const AGENT: PlayedCertificate = {
  subject: "db",
  dnsNames: [AGENT_NAME],
  usages: ["server"],
};

/** The root, and what is below it for an app. */
export interface TlsAuthorities {
  readonly root: PlayedAuthority;
  readonly app: PlayedAuthority;
}

/** Makes the authorities of an app. */
export async function createAuthorities(app = "shop"): Promise<TlsAuthorities> {
  const root = await PlayedAuthority.create();
  return { root, app: await createAppAuthority(root, app) };
}

/** Makes an authority for one more app below the same root. */
export async function createAppAuthority(
  root: PlayedAuthority,
  app: string,
): Promise<PlayedAuthority> {
  const permitted = `${app}.fluxvault.internal`;
  return await PlayedAuthority.create({ subject: `authority of ${app}`, permitted }, root);
}

/** Issues what an end shows, and names the root that it asks for. */
export async function credentialsFor(
  says: PlayedCertificate,
  { root, app }: TlsAuthorities,
): Promise<Pick<TlsOptions, "keyPem" | "chainPem" | "rootPem">> {
  const { pem, keyPem } = await app.issue(says);
  return { keyPem, chainPem: pem + app.certificate.pem, rootPem: root.certificate.pem };
}

/** What the agent asks of a keeper. */
export function checkKeeper(
  isRevoked: (serialHex: string) => boolean = () => false,
): TlsOptions["check"] {
  return (peer) =>
    findCertificateFault(peer, {
      usage: "client",
      name: KEEPER_NAME,
      nowMs: Date.now(),
      isRevoked,
    });
}

/** What the keeper asks of an agent. */
export function checkAgent(
  isRevoked: (serialHex: string) => boolean = () => false,
): TlsOptions["check"] {
  return (peer) =>
    findCertificateFault(peer, { usage: "server", name: AGENT_NAME, nowMs: Date.now(), isRevoked });
}

/** How each end came out: its transport, or why there is none. */
export interface TlsEnds {
  readonly agent: Duplex | unknown;
  readonly keeper: Duplex | unknown;
}

/** Has both ends shake hands over a transport in memory. */
export async function shakeTls(
  agent: Omit<TlsOptions, "signal">,
  keeper: Omit<TlsClientOptions, "signal">,
  [agentEnd, keeperEnd]: readonly [Duplex, Duplex] = duplexPair(),
): Promise<TlsEnds> {
  const { signal } = new AbortController();
  const [accepted, connected] = await Promise.allSettled([
    acceptTls(agentEnd, { ...agent, signal }),
    connectTls(keeperEnd, { ...keeper, signal }),
  ]);
  return {
    agent: accepted.status === "fulfilled" ? accepted.value : accepted.reason,
    keeper: connected.status === "fulfilled" ? connected.value : connected.reason,
  };
}
