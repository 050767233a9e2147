/**
 * Keys of handshakes, and when they are used: then the keeper's opening line is there.
 *
 * @module
 */
import type { Bytes, RsaKeyStock } from "../../protocol/mod.ts";
import type { Visit } from "./door.ts";
import type { UnwrapQueue } from "./unwrap_queue.ts";

/** What {@linkcode leaseWatched} works with. */
export interface WatchedLeaseParts {
  /** Is told that the keeper has spoken. */
  readonly visit: Visit;
  /** Ends the wait for a turn. */
  readonly signal: AbortSignal;
  /** Whose turn it is to unwrap. */
  readonly unwraps: UnwrapQueue;
}

/** Leases a key and tells the door when it is used. */
export async function leaseWatched(
  keys: RsaKeyStock,
  { visit, signal, unwraps }: WatchedLeaseParts,
): ReturnType<RsaKeyStock["lease"]> {
  const lease = await keys.lease();
  function inTurn(unwrap: () => Promise<Bytes>): Promise<Bytes> {
    visit.speak();
    return unwraps.run(unwrap, { standing: visit.standing, signal });
  }
  return {
    ...lease,
    unwrap: (wrapped: Bytes) => inTurn(() => lease.unwrap(wrapped)),
    unwrapOriginal: (wrapped: Bytes) => inTurn(() => lease.unwrapOriginal(wrapped)),
  };
}
