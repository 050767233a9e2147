/** Keys that sign as a keeper's do, and keepers that sign with them. */
import { base64 } from "@scure/base";
import {
  decodeWif,
  type FluxPrivateKey,
  generatePrivateKey,
  signMessage,
  zelIdOfKey,
} from "../../flux/mod.ts";
import { handshakeAsKeeper } from "../../protocol/handshake.ts";
import type { KeeperHandshakeOptions } from "../../protocol/handshake_options.ts";
import type { Duplex } from "../../protocol/duplex.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { dialTcp } from "../../protocol/host/mod.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import type { ManifestMessage } from "../../protocol/messages.ts";
import type { Session } from "../../protocol/session.ts";
import { composeManifestStatement, type StatementSigner } from "../../protocol/statement.ts";
import { keeperOptions } from "./session_pair.ts";
import { sourceOf } from "./stuck_delivery.ts";

/** Makes a signer of a key; a new one by default. */
export function signerOf(key: FluxPrivateKey = generatePrivateKey()): StatementSigner {
  return { address: zelIdOfKey(key), sign: (text) => signMessage(text, key) };
}

/** Returns the key of this WIF as a signer. */
export function signerOfWif(wif: string): StatementSigner {
  return signerOf(decodeWif(wif));
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Turns a signature into its twin: another one of the same signer under the same text. */
export function twinOf(signature: string): string {
  const bytes = base64.decode(signature).slice();
  let s = 0n;
  for (const byte of bytes.subarray(33)) s = s << 8n | BigInt(byte);
  let rest = ORDER - s;
  for (let i = 64; i >= 33; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  // The other s belongs to the mirrored point.
  bytes[0] = ((bytes[0] ?? 0) - 27 ^ 1) + 27;
  return base64.encode(bytes);
}

/** How a keeper of a test delivers. */
export interface SignedDelivery {
  /** Signs the connection, or `null`. */
  readonly signer: StatementSigner | null;
  /** Signs the manifest. @default the signer of the connection */
  readonly manifestSigner?: StatementSigner | null;
  /** The revision of the manifest. @default {1} */
  readonly revision?: number;
  /** How long the manifest lasts, in seconds. @default {3_600} */
  readonly lifetimeS?: number;
  /** Changes what is signed of the manifest. */
  readonly bend?: (text: string) => string;
  /** What the handshake is given beside the signer. */
  readonly handshake?: Partial<KeeperHandshakeOptions>;
}

/** Opens a session with an agent under the names that it says it has. */
export async function openSignedSession(
  agent: { readonly host: string; readonly port: number },
  delivery: Pick<SignedDelivery, "signer" | "handshake">,
): Promise<Session> {
  const connection = await dialTcp(agent);
  try {
    return await openSignedSessionOver(connection.duplex, delivery);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens a session over a transport under the names that the agent says it has. */
export async function openSignedSessionOver(
  duplex: Duplex,
  { signer, handshake = {} }: Pick<SignedDelivery, "signer" | "handshake">,
): Promise<Session> {
  const options = keeperOptions({
    signer,
    policy: ({ claim: { app, component } }) => ({ app, component }),
    ...handshake,
  });
  return await handshakeAsKeeper(duplex, options);
}

/** Delivers files to an agent. */
export async function deliverSigned(
  agent: { readonly host: string; readonly port: number },
  files: Readonly<Record<string, string>>,
  delivery: SignedDelivery,
): Promise<DeliveryReport> {
  return await deliverInSession(await openSignedSession(agent, delivery), files, delivery);
}

/** Delivers files in a session. */
export async function deliverInSession(
  session: Session,
  files: Readonly<Record<string, string>>,
  delivery: SignedDelivery,
): Promise<DeliveryReport> {
  const { signer, manifestSigner = signer, revision = 1, lifetimeS = 3_600 } = delivery;
  const { bend = (text) => text } = delivery;
  const { claim: { app, component }, agentDigestHex } = session.origin;
  return await deliverAsKeeper(session, await sourceOf({ ...files }), {
    revision,
    lifetimeS,
    sign: manifestSigner === null ? null : (message: ManifestMessage) => {
      const text = composeManifestStatement({ ...message, app, component, agentDigestHex });
      return manifestSigner.sign(bend(text));
    },
  });
}
