/**
 * What a node says about itself to the containers that run on it.
 *
 * FluxOS answers at `http://fluxnode.service:16101/hostinfo`, over plain HTTP and without a signature.
 * Anybody who has a hold of the container's network, the operator of the node first of all, can make
 * all of it up. It is evidence to show beside an agent, and no ground for a decision.
 *
 * @module
 */
import { isRegistrableAppName } from "../app_name.ts";
import { FluxApiError } from "../errors.ts";
import { FluxClient } from "../flux_client.ts";
import { parseNodeAddress } from "../node_address.ts";
import type { Fetch } from "../request.ts";
import { asRecord } from "../responses.ts";

/** Where a container finds its node; the name is in the hosts file that FluxOS gives it. */
const HOST_INFO_URL = "http://fluxnode.service:16101";
/** How long the node may take by default. */
const HOST_INFO_TIMEOUT_MS = 3_000;
/** The largest answer that is read; one is below a kilobyte. */
const MAX_HOST_INFO_BYTES = 65_536;

const NODE_ID = /^[0-9a-f]{64}[0-9]{1,4}$/;
const COUNTRY = /^[A-Z]{2}$/;

/** What a node says about itself; unsigned, so it proves nothing. */
export interface HostInfo {
  /** The app that the node takes the container for, or `null` where it names none. */
  readonly app: string | null;
  /** The node's collateral: the transaction's hash in 64 hex digits, and its output's index behind. */
  readonly nodeId: string;
  /** The public address of the node, a dotted quad. */
  readonly ip: string;
  /** Where the node is, as two letters of ISO 3166-1, or `null` where it does not say. */
  readonly country: string | null;
}

/** The options of {@linkcode fetchHostInfo}. */
export interface FetchHostInfoOptions {
  /**
   * Sends the request; must honour `redirect: "manual"` and the signal.
   *
   * @default {fetch}
   */
  readonly fetch?: Fetch;
  /**
   * How long the node may take in milliseconds, from dialling to the last byte.
   *
   * @default {3_000}
   */
  readonly timeoutMs?: number;
  /** Ends the question; its reason is thrown as it is. */
  readonly signal?: AbortSignal;
  /**
   * Where the node is asked.
   *
   * @default {"http://fluxnode.service:16101"}
   */
  readonly baseUrl?: string;
}

/**
 * Asks the node on which this container runs about itself, once.
 *
 * The answer is unsigned and comes over plain HTTP: anybody in the container's network can make it up.
 *
 * @throws {TypeError} if the base URL is none.
 * @throws {RangeError} if the time limit is not a positive whole number.
 * @throws {FluxApiError} `api-unreachable` where there is no node, `api-error` where it takes the
 * container for none of its own or has no answer yet (`transient`), or what else the client throws.
 *
 * @example
 * ```ts
 * import { fetchHostInfo } from "@fluxvault/fluxvault/flux";
 *
 * const data = { appName: "vaultdemo", id: `${"ab".repeat(32)}0`, ip: "203.0.113.10" };
 * const { app, country } = await fetchHostInfo({
 *   fetch: () => Promise.resolve(Response.json({ status: "success", data })),
 * });
 * console.assert(app === "vaultdemo" && country === null);
 * ```
 */
export async function fetchHostInfo(options: FetchHostInfoOptions = {}): Promise<HostInfo> {
  const { fetch, signal } = options;
  const client = new FluxClient({
    baseUrls: [options.baseUrl ?? HOST_INFO_URL],
    attempts: 1,
    requestTimeoutMs: options.timeoutMs ?? HOST_INFO_TIMEOUT_MS,
    maxResponseBytes: MAX_HOST_INFO_BYTES,
    ...(fetch === undefined ? {} : { fetch }),
  });
  try {
    return await client.get("/hostinfo", readHostInfo, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof FluxApiError) || error.code !== "api-unreachable") throw error;
    throw new FluxApiError(error.code, error.message, {
      cause: error.cause,
      transient: error.transient,
      hint: "Ask from inside a container that a Flux node runs.",
    });
  }
}

/**
 * Reads what a node says about itself; members that are unknown are ignored.
 *
 * @throws {FluxApiError} `response-malformed` if the node's identifier or address is missing or has
 * another form. An app or a country that makes no sense is taken as not named.
 */
export function readHostInfo(data: unknown): HostInfo {
  const { appName, id, ip, geo }: Readonly<Record<string, unknown>> = asRecord(data) ??
    malformed("the node's answer is not an object");
  if (typeof id !== "string" || !NODE_ID.test(id)) malformed("the node's identifier is none");
  const address = typeof ip === "string" ? parseNodeAddress(ip) : null;
  if (address === null || address.host.includes(":")) malformed("the node's address is none");
  const country = asRecord(geo)?.countryCode;
  return {
    app: typeof appName === "string" && isRegistrableAppName(appName) ? appName : null,
    nodeId: id,
    ip: address.host,
    country: typeof country === "string" && COUNTRY.test(country) ? country : null,
  };
}

function malformed(reason: string): never {
  throw new FluxApiError("response-malformed", reason, { transient: true });
}
