/**
 * Registers with a primary over TCP, wherever its name leads now.
 *
 * @module
 */
import { type Bytes, ConnectionError, untilAborted } from "../../protocol/mod.ts";
import { errnoOf, formatAddress } from "../../protocol/host/mod.ts";
import { parseIpAddress } from "../door/ip_address.ts";
import type { NameResolver } from "../door/peer_policy.ts";
import { HttpExchange } from "./http_exchange.ts";
import type { PrimaryPlace } from "./primary.ts";
import { type Applicant, registerOnce } from "./registrar_client.ts";

/** The options of {@linkcode registerWithPrimary}. */
export interface RegisterWithPrimaryOptions {
  /** Where the primary is. */
  readonly primary: PrimaryPlace;
  /** Looks up its name. */
  readonly resolve: NameResolver;
  /** Gives up, with its reason. */
  readonly signal: AbortSignal;
}

/** How many addresses of one name are tried. */
const MAX_ADDRESSES = 4;

/**
 * Looks the primary up, and registers at the first of its addresses that takes the registration.
 *
 * @returns What names the process of the primary; 16 bytes.
 * @throws {ConnectionError} if it cannot be found or reached, or refuses.
 */
export async function registerWithPrimary(
  applicant: Applicant,
  { primary: { host, port }, resolve, signal }: RegisterWithPrimaryOptions,
): Promise<Bytes> {
  const addresses = parseIpAddress(host) !== null
    ? [host]
    : await untilAborted(lookUp(host, { resolve, signal }), signal);
  let failure: unknown = notFound(host);
  for (const hostname of addresses.slice(0, MAX_ADDRESSES)) {
    signal.throwIfAborted();
    try {
      return await registerAt(applicant, { hostname, port, signal });
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

async function lookUp(
  host: string,
  { resolve, signal }: Pick<RegisterWithPrimaryOptions, "resolve" | "signal">,
): Promise<readonly string[]> {
  try {
    return await resolve(host, { signal });
  } catch (cause) {
    if (cause instanceof ConnectionError) throw cause;
    throw notFound(host, cause);
  }
}

function notFound(host: string, cause?: unknown): ConnectionError {
  return new ConnectionError(
    "host-not-found",
    `the primary cannot be found: ${host} is not known`,
    {
      cause,
      hint: "Is the primary's container up, and its component that of --primary-agent-name?",
    },
  );
}

async function registerAt(
  applicant: Applicant,
  { hostname, port, signal }: {
    readonly hostname: string;
    readonly port: number;
    readonly signal: AbortSignal;
  },
): Promise<Bytes> {
  const where = formatAddress(hostname, port);
  let conn: Deno.TcpConn | null = null;
  const close = () => {
    try {
      conn?.close();
    } catch {
      // It is closed already.
    }
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    conn = await Deno.connect({ hostname, port, signal });
    signal.throwIfAborted();
    return await registerOnce(new HttpExchange(conn, where), applicant);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ConnectionError) throw cause;
    const code = errnoOf(cause) ?? "it failed";
    throw new ConnectionError(
      "connection-failed",
      `the primary cannot be reached at ${where}: ${code}`,
      { cause },
    );
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}
