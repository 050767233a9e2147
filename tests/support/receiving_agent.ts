/** Our agent against a keeper that a test plays by hand. */
import type { Bytes } from "../../protocol/bytes.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { receiveAsAgent, type ReceiveOptions } from "../../protocol/receive_as_agent.ts";
import type { SecretStore } from "../../protocol/secret_store.ts";
import { openAgentSession } from "./frame_peer.ts";
import { HandKeeper } from "./hand_keeper.ts";

const PATIENT = { farewellTimeoutMs: 5_000 };

/** How a delivery ended for our agent, and which code its keeper was told, if any. */
export interface Outcome {
  /** The report, or the error. */
  readonly result: DeliveryReport | Error;
  /** The code of FAILED. */
  readonly told: string | null;
}

/** Returns the entries of files by their paths. */
export async function entriesOf(files: Record<string, Bytes>): Promise<readonly FileEntry[]> {
  return (await MemorySecretSource.from(files)).entries;
}

/** Runs our agent against a played keeper. */
export async function receive(
  store: SecretStore,
  play: (keeper: HandKeeper) => Promise<unknown>,
  options: ReceiveOptions = {},
): Promise<Outcome> {
  const { session, peer } = await openAgentSession(PATIENT);
  const receiving = receiveAsAgent(session, store, options).catch((error) => error as Error);
  let failure: unknown = null;
  const keeper = new HandKeeper(peer);
  const telling = play(keeper).catch((error) => failure = error).then(() => peer.readFailure());
  const result = await receiving;
  const told = await telling ?? keeper.refusal;
  if (failure !== null && !(result instanceof Error)) throw failure;
  return { result, told };
}

/** Returns the results of a delivery that ended well. */
export function filesOf({ result }: Outcome): DeliveryReport["files"] {
  if (result instanceof Error) throw result;
  return result.files;
}

/** Puts files into a store as a delivery would. */
export async function fill(store: SecretStore, files: Record<string, Bytes>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    const staged = await store.stage(path, { size: bytes.length, mode: 0o600 });
    await staged.write(bytes);
    await staged.commit();
  }
}
