/**
 * The port that an agent listens on.
 *
 * @module
 */
import { ConfigError, type Logger, SILENT_LOGGER } from "../protocol/mod.ts";
import { errnoOf, formatAddress, tcpConnection } from "../protocol/host/mod.ts";
import type { IncomingConnection, PeerAddress } from "./incoming_connection.ts";
import { ACCEPT_PAUSE_MS, MAX_ACCEPT_PAUSE_MS } from "./limits.ts";

/** The options of {@linkcode listen}. */
export interface ListenOptions {
  /** The address to listen on; IPv6 without brackets. @default {"0.0.0.0"} */
  readonly hostname?: string;
  /** The port to listen on; 0 takes any that is free. @default {8888} */
  readonly port?: number;
  /** Is told of connections that the system could not give. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Opens the port. @default Deno.listen */
  readonly open?: (options: { hostname: string; port: number }) => Deno.TcpListener;
}

/** A port that is listened on; iterate over it once for the connections that come. */
export interface Listener extends AsyncIterable<IncomingConnection>, Disposable {
  /** The address and port that were bound. */
  readonly address: PeerAddress;
  /** Takes no further connections and ends the iteration; further calls do nothing. */
  close(): void;
}

/** Errors that say that this one listener is at its end, not that the machine is short of something. */
const FINAL = new Set(["BadResource", "Interrupted"]);

/**
 * Listens on a TCP port.
 *
 * @throws {ConfigError} if the address or port cannot be had, with what to do about it.
 *
 * @example
 * ```ts
 * import { listen } from "@fluxvault/fluxvault/agent";
 *
 * using listener = listen({ hostname: "127.0.0.1", port: 0 });
 * console.assert(listener.address.port > 0);
 * ```
 */
export function listen(options: ListenOptions = {}): Listener {
  const { hostname = "0.0.0.0", port = 8_888, open = Deno.listen } = options;
  try {
    return new TcpListener(open({ hostname, port }), options.logger ?? SILENT_LOGGER);
  } catch (error) {
    throw listenError(error, { hostname, port });
  }
}

class TcpListener implements Listener {
  readonly address: PeerAddress;
  readonly #listener: Deno.TcpListener;
  readonly #logger: Logger;
  #isClosed = false;
  #wake = () => {};

  constructor(listener: Deno.TcpListener, logger: Logger) {
    this.#listener = listener;
    this.#logger = logger;
    const { hostname, port } = listener.addr;
    this.address = { hostname, port };
  }

  [Symbol.asyncIterator](): AsyncIterator<IncomingConnection, void, undefined> {
    const connections = this.#accept();
    return {
      next: () => connections.next(),
      return: () => {
        // It waits for a connection, and would hear of this only with the next.
        this.close();
        return connections.return();
      },
    };
  }

  async *#accept(): AsyncGenerator<IncomingConnection, void, undefined> {
    let pauseMs = ACCEPT_PAUSE_MS;
    try {
      while (!this.#isClosed) {
        let conn: Deno.TcpConn;
        try {
          conn = await this.#listener.accept();
          pauseMs = ACCEPT_PAUSE_MS;
        } catch (error) {
          if (this.#isClosed || (error instanceof Error && FINAL.has(error.name))) return;
          // Too many open files, or a peer that was gone before it was accepted: others still come.
          this.#logger.warn("a connection could not be accepted", { reason: errnoOf(error) });
          await this.#pause(pauseMs);
          pauseMs = Math.min(2 * pauseMs, MAX_ACCEPT_PAUSE_MS);
          continue;
        }
        yield incomingConnection(conn);
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wake();
    try {
      this.#listener.close();
    } catch {
      // The runtime closed it already.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function incomingConnection(conn: Deno.TcpConn): IncomingConnection {
  const { hostname, port } = conn.localAddr;
  const connection = tcpConnection(conn);
  return {
    duplex: connection.duplex,
    remoteAddress: connection.remoteAddress,
    localAddress: { hostname, port },
    close: (reason) => connection.close(reason),
  };
}

function listenError(error: unknown, { hostname, port }: PeerAddress): ConfigError {
  const action = `cannot listen on ${formatAddress(hostname, port)}`;
  const name = error instanceof Error ? error.name : "";
  const errno = errnoOf(error);
  if (errno === "EADDRINUSE" || name === "AddrInUse") {
    return new ConfigError(`${action}: another program uses this port`, {
      cause: error,
      setting: "--bind-port",
      hint: "Stop the other program, or choose another port with --bind-port.",
    });
  }
  if (errno === "EADDRNOTAVAIL" || name === "AddrNotAvailable") {
    return new ConfigError(`${action}: this machine does not have the address`, {
      cause: error,
      setting: "--bind-address",
      hint: "Choose an address of this machine, or 0.0.0.0 for all of them.",
    });
  }
  if (name === "NotCapable") {
    return new ConfigError(`${action}: this program was not given the permission`, {
      cause: error,
      setting: "--bind-address",
      hint: "Start it with --allow-net.",
    });
  }
  if (errno === "EACCES" || name === "PermissionDenied") {
    return new ConfigError(`${action}: the system does not allow it`, {
      cause: error,
      setting: "--bind-port",
      hint: "Ports below 1024 need a privilege; choose a higher one with --bind-port.",
    });
  }
  return new ConfigError(`${action}: it is not an address to listen on`, {
    cause: error,
    setting: "--bind-address",
    hint: "Give an IPv4 or IPv6 address without brackets.",
  });
}
