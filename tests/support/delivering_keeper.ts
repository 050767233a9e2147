/** Our keeper against an agent that a test plays by hand. */
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { deliverAsKeeper, type DeliverOptions } from "../../protocol/deliver_as_keeper.ts";
import { FluxVaultError } from "../../protocol/errors.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { MAX_CHUNK_BYTES } from "../../protocol/limits.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { openKeeperSession } from "./frame_peer.ts";
import { HandAgent, type Message } from "./hand_agent.ts";

/** How long a peer is given to read why a session ends. */
export const PATIENT = { farewellTimeoutMs: 5_000 };
/** The contents of a small file. */
export const SECRET = encodeUtf8("correct horse battery staple");
/** What the keeper holds. */
export const FILES = { "a.txt": SECRET, "b/big.bin": new Uint8Array(3 * MAX_CHUNK_BYTES).fill(5) };
/** The counts where nothing changed. */
export const UNCHANGED: Message = { Unchanged: 2 };

/** Runs our keeper against a played agent; returns the report or the error, and what was told. */
export async function deliver(
  source: SecretSource,
  play: (agent: HandAgent) => Promise<void>,
  options: Partial<DeliverOptions> = {},
): Promise<{ result: DeliveryReport | Error; told: string | null }> {
  const { session, peer } = await openKeeperSession(PATIENT);
  const delivering = deliverAsKeeper(session, source, { revision: 7, ...options })
    .catch((error) => error as Error);
  const hand = new HandAgent(peer);
  let failure: unknown = null;
  const telling = play(hand).catch((error) => failure = error).then(() => peer.readFailure());
  const result = await delivering;
  const told = await telling;
  if (failure !== null && !(failure instanceof FluxVaultError) && !(result instanceof Error)) {
    throw failure;
  }
  return { result, told };
}

/** A source of which a test replaces a part. */
export async function sourceWith(change: Partial<SecretSource>): Promise<SecretSource> {
  const source = await MemorySecretSource.from(FILES);
  const { entries, missing } = source;
  return { entries, missing, open: (entry, from) => source.open(entry, from), ...change };
}
