/**
 * Connecting to a host over TCP.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { errnoOf } from "./storage_error.ts";
import { type TcpConnection, tcpConnection } from "./tcp_duplex.ts";

/** The options of {@linkcode dialTcp}. */
export interface DialTcpOptions {
  /** The host name or address to reach; IPv6 without brackets. */
  readonly host: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** Gives up the attempt; its reason is thrown. Without effect once connected. */
  readonly signal?: AbortSignal;
  /**
   * How long the attempt may take in milliseconds, the look-up of the name included.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number;
  /**
   * What opens the socket.
   *
   * @default Deno.connect
   */
  readonly connect?: (options: Deno.ConnectOptions) => Promise<Deno.TcpConn>;
}

const DIAL_TIMEOUT_MS = 10_000;

/**
 * Connects to a host.
 *
 * @throws {ConnectionError} `connection-refused`, `host-not-found`, `timed-out`, or
 * `connection-failed` for every other answer of the network.
 * @throws {RangeError} if the port is none.
 */
export async function dialTcp(options: DialTcpOptions): Promise<TcpConnection> {
  const { port, signal, timeoutMs = DIAL_TIMEOUT_MS } = options;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`${port} is not a TCP port`);
  }
  signal?.throwIfAborted();
  const attempt = new AbortController();
  const timer = setTimeout(() => attempt.abort(timeoutError(options, timeoutMs)), timeoutMs);
  const cancel = () => attempt.abort(signal?.reason);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return tcpConnection(await openSocket(options, attempt.signal));
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason;
    throw dialError(error, options);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
}

/** Connects, and lets go at once when aborted even where the system call does not. */
async function openSocket(
  { host, port, connect = Deno.connect }: DialTcpOptions,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  const connecting = connect({ hostname: host, port, signal });
  try {
    return await Promise.race([connecting, aborted.promise]);
  } catch (error) {
    connecting.then((late) => late.close(), () => {});
    throw error;
  }
}

function timeoutError({ host, port }: DialTcpOptions, timeoutMs: number): ConnectionError {
  return new ConnectionError(
    "timed-out",
    `cannot connect to ${formatAddress(host, port)}: no answer within ${timeoutMs / 1000} s`,
  );
}

function dialError(error: unknown, { host, port }: DialTcpOptions): ConnectionError {
  const action = `cannot connect to ${formatAddress(host, port)}`;
  const name = error instanceof Error ? error.name : "";
  if (name === "NotCapable") {
    return new ConnectionError(
      "connection-failed",
      `${action}: this program was not given the permission`,
      { cause: error, hint: "Start it with --allow-net for this host." },
    );
  }
  switch (errnoOf(error)) {
    case "ECONNREFUSED":
      return new ConnectionError("connection-refused", `${action}: nothing listens there`, {
        cause: error,
      });
    case "ETIMEDOUT":
      return new ConnectionError("timed-out", `${action}: no answer`, { cause: error });
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return new ConnectionError("connection-failed", `${action}: there is no route to it`, {
        cause: error,
      });
  }
  if (error instanceof Error && /lookup|resolve/i.test(error.message)) {
    return new ConnectionError("host-not-found", `${action}: the name is not known`, {
      cause: error,
    });
  }
  return new ConnectionError("connection-failed", `${action}: the network refused`, {
    cause: error,
  });
}

/** Writes a host and a port as people do, IPv6 addresses in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
