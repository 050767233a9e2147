/**
 * What an agent asks of a connection, whatever transport it comes over.
 *
 * @module
 */
import type { Duplex } from "../protocol/mod.ts";

/** One end of a connection as the operating system names it. */
export interface PeerAddress {
  /** An IP address, without brackets. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

/** A connection that somebody opened to the agent. */
export interface IncomingConnection {
  /** The two directions. */
  readonly duplex: Duplex;
  /** Where it comes from, as the transport itself knows; never what the peer says. */
  readonly remoteAddress: PeerAddress;
  /** Which of this machine's addresses it came to, where that is known. */
  readonly localAddress?: PeerAddress;
  /** Closes it at once; further calls do nothing. */
  close(reason?: unknown): void;
}
