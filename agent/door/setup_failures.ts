/**
 * The connections that came to no session: whom it is held against, and what the log says.
 *
 * @module
 */
import {
  ConnectionError,
  FluxVaultError,
  type Logger,
  OriginalPeerError,
  PeerRejectedError,
} from "../../protocol/mod.ts";
import { ThrottledLog } from "./throttled_log.ts";

/** What ends a connection that has to make room. */
export const PLACE_LOST = new ConnectionError("connection-lost", "others needed the place");

/** What a peer is told nothing of, and the operator is, where it speaks the original's wire. */
export const ORIGINAL_WIRE_HINT =
  "it speaks the wire of the original FluxVault, which --original-wire would let in";
/** What the log calls such a peer. */
const ORIGINAL_WIRE = "original-wire";

/** How it is that a connection came to no session. */
export type SetupEnd =
  /** By the peer's fault. */
  | "failed"
  /** A keeper wanted no session with this agent. */
  | "declined"
  /** By nobody's fault but our own. */
  | "blameless";

/** Tells of the connections that came to no session, each address once a minute. */
export class SetupFailures {
  readonly #failures: ThrottledLog;
  readonly #declines: ThrottledLog;

  /** Starts with nothing told. */
  constructor(logger: Logger) {
    this.#failures = new ThrottledLog((address, { count, reasons }) => {
      const hint = Object.hasOwn(reasons, ORIGINAL_WIRE) ? { hint: ORIGINAL_WIRE_HINT } : {};
      logger.warn("connections came to no session", { address, count, reasons, ...hint });
    });
    this.#declines = new ThrottledLog((address, { count, reasons }) => {
      const codes = Object.keys(reasons).join(", ");
      logger.info(`the keeper turned this agent away: ${codes}`, { address, count });
    });
  }

  /** Takes the error with which a handshake ended, and says what it means for the address. */
  note(address: string, error: unknown): SetupEnd {
    const end = endOf(error);
    const log = end === "declined" ? this.#declines : this.#failures;
    log.note(address, reasonOf(error));
    return end;
  }

  /** Tells what was not told yet; for the end of the program. */
  flush(): void {
    this.#failures.flush();
    this.#declines.flush();
  }
}

function endOf(error: unknown): SetupEnd {
  if (!(error instanceof FluxVaultError)) return "blameless";
  // It has shared a secret with us by then, which is more than those can do who only take places.
  if (error instanceof PeerRejectedError && error.by === "peer") return "declined";
  // It knows no better who owns the app than we do.
  return error.code === "owner-unknown" ? "blameless" : "failed";
}

/** Names a failure for the log: never in words of the peer, and never with its numbers. */
function reasonOf(error: unknown): string {
  if (error instanceof OriginalPeerError) return ORIGINAL_WIRE;
  if (error instanceof FluxVaultError) return error === PLACE_LOST ? "place-lost" : error.code;
  return error instanceof Error ? error.name : "unknown";
}
