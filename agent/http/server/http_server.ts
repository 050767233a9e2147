/**
 * A TCP port on which HTTP is spoken, with bounds on how many connections there are and how slow each
 * may be.
 *
 * The runtime's own server waits for ever for the rest of a request and takes any number of
 * connections: whoever opens many and sends nothing would use up the agent's descriptors.
 *
 * @module
 */
import type { Logger } from "../../../protocol/mod.ts";
import { hostKey, normaliseAddress } from "../../door/ip_address.ts";
import {
  ACCEPT_PAUSE_MS,
  HTTP_SWEEP_INTERVAL_MS,
  MAX_HTTP_CONNECTIONS,
  MAX_HTTP_CONNECTIONS_PER_ADDRESS,
} from "../../limits.ts";
import {
  type ByteConnection,
  HttpConnection,
  type HttpReply,
  type HttpRequest,
} from "./http_connection.ts";
import { textReply } from "./file_response.ts";

/** Answers a request from an address. */
export type AddressHandler = (
  request: HttpRequest,
  remoteAddress: string,
) => HttpReply | Promise<HttpReply>;

/** A connection that is spoken HTTP over, and who answers there. */
export interface SecuredCaller {
  /** The connection. */
  readonly connection: ByteConnection;
  /** Answers, in the place of the server's own. */
  readonly handle: AddressHandler;
}

/** The options of {@linkcode HttpServer}. */
export interface HttpServerOptions {
  /** Answers; what it throws is answered with status 500. */
  readonly handle: AddressHandler;
  /**
   * Puts something between a connection and the requests on it; `null` where it refuses it. It bounds
   * by itself how long it takes. @default {nothing}
   */
  readonly secure?: (conn: Deno.TcpConn, remoteAddress: string) => Promise<SecuredCaller | null>;
  /** Is told of what was not foreseen. */
  readonly logger: Logger;
  /** How many connections may be open at once. @default {1_024} */
  readonly maxConnections?: number;
  /** How many of them one address may have. @default {512} */
  readonly maxPerAddress?: number;
}

interface Visit {
  readonly conn: Deno.TcpConn;
  readonly key: string;
  served: HttpConnection | null;
}

/** Serves until disposed. */
export class HttpServer implements AsyncDisposable {
  /** The address and port that were bound. */
  readonly address: { readonly hostname: string; readonly port: number };
  readonly #listener: Deno.TcpListener;
  readonly #options: HttpServerOptions;
  readonly #visits = new Map<Visit, Promise<void>>();
  readonly #counts = new Map<string, number>();
  readonly #accepting: Promise<void>;
  readonly #sweep: ReturnType<typeof setInterval>;
  #isClosed = false;

  /** Serves a port that is listened on already. */
  constructor(listener: Deno.TcpListener, options: HttpServerOptions) {
    const { hostname, port } = listener.addr;
    this.address = { hostname, port };
    this.#listener = listener;
    this.#options = options;
    this.#sweep = setInterval(() => this.#closeLate(), HTTP_SWEEP_INTERVAL_MS);
    this.#accepting = this.#accept();
  }

  /** Ends every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    this.#listener.close();
    for (const { conn } of this.#visits.keys()) close(conn);
    await Promise.all([this.#accepting, ...this.#visits.values()]);
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#welcome(await this.#listener.accept());
      } catch {
        // The machine is short of something, or the peer was gone: others still come.
        if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  #welcome(conn: Deno.TcpConn): void {
    const { maxConnections = MAX_HTTP_CONNECTIONS } = this.#options;
    const { maxPerAddress = MAX_HTTP_CONNECTIONS_PER_ADDRESS } = this.#options;
    const address = normaliseAddress(conn.remoteAddr.hostname);
    const key = hostKey(address);
    const count = this.#counts.get(key) ?? 0;
    if (this.#visits.size >= maxConnections || count >= maxPerAddress) return close(conn);
    this.#counts.set(key, count + 1);
    const visit: Visit = { conn, key, served: null };
    conn.setNoDelay(true);
    const serving = this.#serve(visit, address).catch(() => {}).finally(() => this.#leave(visit));
    this.#visits.set(visit, serving);
  }

  async #serve(visit: Visit, address: string): Promise<void> {
    const { secure, handle } = this.#options;
    const plain: SecuredCaller = { connection: visit.conn, handle };
    const caller = secure === undefined ? plain : await secure(visit.conn, address);
    if (caller === null) return;
    visit.served = new HttpConnection(caller.connection, (request) => {
      return this.#handle(request, { address, handle: caller.handle });
    });
    await visit.served.serve();
  }

  async #handle(
    request: HttpRequest,
    { address, handle }: { readonly address: string; readonly handle: AddressHandler },
  ): Promise<HttpReply> {
    try {
      return await handle(request, address);
    } catch (error) {
      this.#options.logger.error("a request failed unexpectedly", { error });
      return textReply(500, "the agent failed; its log says why");
    }
  }

  #leave(visit: Visit): void {
    close(visit.conn);
    this.#visits.delete(visit);
    const count = (this.#counts.get(visit.key) ?? 1) - 1;
    if (count === 0) this.#counts.delete(visit.key);
    else this.#counts.set(visit.key, count);
  }

  #closeLate(): void {
    const now = performance.now();
    for (const { conn, served } of this.#visits.keys()) {
      if ((served?.deadlineMs ?? Infinity) < now) close(conn);
    }
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
