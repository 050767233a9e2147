/**
 * Mutual TLS 1.3 over any transport: both ends show a certificate of the same authority.
 *
 * The server is one of `tls.createServer` that does not listen and is handed the transport: a
 * `TLSSocket` made with `isServer` lets certificates of any authority in. The platform verifies the
 * chain, its dates, purposes and constraints of names; `check` does the rest, on both ends, since the
 * platform's own list of revoked certificates has no effect.
 *
 * @module
 */
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { type Certificate, parseCertificate } from "../../certificates/mod.ts";
import type { Duplex } from "../../duplex.ts";
import { ConnectionError } from "../../errors.ts";
import { RawStream } from "./raw_stream.ts";
import { securedDuplex } from "./secured_duplex.ts";

/** How long a handshake may take, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How many certificates are looked at; the platform lets nobody send that many. */
const MAX_PRESENTED = 256;

/**
 * Says why the other end's certificate does not count, or `null` where it does.
 *
 * @param presented All that it has shown: the certificate, and whatever it sent with it.
 */
export type PeerCheck = (peer: Certificate, presented: readonly Certificate[]) => string | null;

/** What one end shows, and what it asks of the other. */
export interface TlsOptions {
  /** The private key, as PEM (PKCS #8). */
  readonly keyPem: string;
  /** The certificate and those between it and the root, as PEM. */
  readonly chainPem: string;
  /** The only root whose certificates are taken, as PEM. */
  readonly rootPem: string;
  /** Returns why the other end's certificate does not count, or `null` where it does. */
  readonly check: PeerCheck;
  /** Gives up; its reason is thrown. Without effect once the handshake is over. */
  readonly signal: AbortSignal;
  /** How long the handshake may take, in milliseconds. @default {10_000} */
  readonly timeoutMs?: number;
}

/** What the client says beside. */
export interface TlsClientOptions extends TlsOptions {
  /** The host name that the server's certificate has to be for. */
  readonly serverName: string;
}

/**
 * Waits for the other end to speak TLS; the transport belongs to the connection from now on.
 *
 * @throws {ConnectionError} `certificate-refused` where it does not, or shows nothing that counts;
 * `timed-out`. The transport is freed then.
 */
export async function acceptTls(duplex: Duplex, options: TlsOptions): Promise<Duplex> {
  const { createServer } = await import("node:tls");
  const raw = await RawStream.open(duplex);
  const server = createServer({
    ...secretsOf(options),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const begin = ({ resolve, reject }: Handshake) => {
    server.once("secureConnection", resolve);
    server.on("tlsClientError", reject);
    server.emit("connection", raw.stream);
  };
  return await shake(raw, options, { isClient: false, begin });
}

/**
 * Speaks TLS to the other end; the transport belongs to the connection from now on.
 *
 * That the server takes our certificate shows with the first bytes that it sends: a refusal is told by
 * the readable, with `certificate-refused` where the server says so.
 *
 * @throws {ConnectionError} `certificate-refused`, `connection-lost`, or `timed-out`. The transport is
 * freed then.
 */
export async function connectTls(duplex: Duplex, options: TlsClientOptions): Promise<Duplex> {
  const { connect } = await import("node:tls");
  const raw = await RawStream.open(duplex);
  const begin = ({ resolve, reject }: Handshake) => {
    const socket = connect({
      ...secretsOf(options),
      socket: raw.stream,
      servername: options.serverName,
      rejectUnauthorized: true,
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
  };
  return await shake(raw, options, { isClient: true, begin });
}

/** How a handshake ends. */
interface Handshake {
  resolve(socket: TLSSocket): void;
  reject(error: Error): void;
}

async function shake(
  raw: RawStream,
  { check, signal, timeoutMs = HANDSHAKE_TIMEOUT_MS }: TlsOptions,
  { isClient, begin }: {
    readonly isClient: boolean;
    readonly begin: (handshake: Handshake) => void;
  },
): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  // Where it is given up before it begins nobody waits any more.
  promise.catch(() => {});
  // An error of the transport that nobody listens for would end the program.
  raw.stream.on("error", reject);
  for (const event of ["end", "close"]) raw.stream.once(event, () => reject(new Error("closed")));
  const timer = setTimeout(() => {
    reject(new ConnectionError("timed-out", "the other end has not finished its TLS handshake"));
  }, timeoutMs);
  const onAbort = () => reject(new Aborted(signal.reason));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) throw new Aborted(signal.reason);
    begin({ resolve, reject });
    const socket = await promise;
    // Until the streams listen themselves.
    socket.on("error", () => {});
    const fault = findFault(socket, check);
    if (fault !== null) {
      socket.destroy();
      throw refusal(fault);
    }
    return securedDuplex(socket, { isClient, raw });
  } catch (error) {
    raw.abort(error instanceof Aborted ? error.reason : error);
    if (error instanceof Aborted) throw error.reason;
    if (error instanceof ConnectionError) throw error;
    throw refusal("handshake-failed", error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Carries the reason of a signal, which may be anything. */
class Aborted extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("aborted");
    this.reason = reason;
  }
}

function secretsOf({ keyPem, chainPem, rootPem }: TlsOptions) {
  return {
    key: keyPem,
    cert: chainPem,
    ca: rootPem,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    allowHalfOpen: true,
  } as const;
}

/** Looks at what the other end has shown: never taken on the platform's word that it is authorised. */
function findFault(socket: TLSSocket, check: TlsOptions["check"]): string | null {
  if (!socket.authorized || socket.getProtocol() !== "TLSv1.3") return "wrong-authority";
  const presented: Certificate[] = [];
  for (const der of presentedBy(socket)) {
    const certificate = parseCertificate(der);
    if (certificate === null) return "malformed";
    presented.push(certificate);
  }
  const [peer] = presented;
  return peer === undefined ? "malformed" : check(peer, presented);
}

/** Yields the certificates that the other end has sent; the last one is its own issuer's, or its own. */
function* presentedBy(socket: TLSSocket): Generator<Uint8Array, void, undefined> {
  let shown: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  for (let i = 0; i < MAX_PRESENTED && shown?.raw !== undefined; i++) {
    yield shown.raw;
    shown = shown.issuerCertificate === shown ? undefined : shown.issuerCertificate;
  }
}

function refusal(fault: string, cause?: unknown): ConnectionError {
  const text = fault === "handshake-failed"
    ? "the TLS handshake failed: the other end speaks no TLS 1.3, or has no certificate that counts"
    : `the certificate of the other end does not count: ${fault}`;
  return new ConnectionError("certificate-refused", text, cause === undefined ? {} : { cause });
}
